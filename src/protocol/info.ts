import type { Capabilities, Channel } from 'channel-kit/channel'

export interface Languages {
  current: string
  default: string
  available: readonly string[]
}

/** The answer of `GET /info`, keys in the order of the reference. Source: docs/protocol.md, "Info". */
export const infoJson = (
  info: Channel['info'],
  capabilities: Capabilities,
  languages: Languages,
  translate: (message: string) => string
) => ({
  name: translate(info.name),
  description: translate(info.description),
  type: 'CHAT',
  extra: {
    contactType: capabilities.contactType,
    capabilities: {
      subject: capabilities.subject,
      typing: capabilities.typing,
      messages: {
        formats: capabilities.formats,
        incoming: capabilities.incoming,
        outgoing: capabilities.outgoing,
        writeFirst: capabilities.writeFirst,
        statuses: capabilities.statuses
      },
      attachments: capabilities.attachments
    }
  },
  languages,
  developer: {
    name: info.developer.name.trim(),
    email: info.developer.email.trim().toLowerCase(),
    hostname: info.developer.hostname.trim().toLowerCase()
  }
})
