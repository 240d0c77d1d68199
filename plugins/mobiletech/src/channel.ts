import { defineChannel } from 'channel-kit/channel'
import { ATTACHMENT_TYPES, FORMATS } from 'channel-kit/chat'
import { text } from 'channel-kit/json'
import { listedTemplates, readTemplates } from 'channel-kit/template-list'
import { check } from './check.ts'
import { webhook } from './previews.ts'
import { refusal, send } from './send.ts'
import { Options, Settings } from './settings.ts'
import { receive, verify } from './webhook.ts'

const KIB = 1024

/** Two-way SMS in Slovakia by the XML gateway of Mobiletech. */
export default defineChannel({
  name: 'mobiletech',
  info: {
    name: 'Mobiletech SMS',
    description: 'SMS in Slovakia, both ways, by the gateway of Mobiletech',
    developer: { name: 'LEADVERTEX', email: 'support@salesrender.com', hostname: 'salesrender.com' }
  },
  icon: new URL('../icon.png', import.meta.url),
  translations: new URL('../translations/', import.meta.url),
  options: Options,
  settings: Settings,
  // The protocol has no id of ours, by which the gateway could tell.
  dedupes: false,

  capabilities: ({ attachments }) => ({
    contactType: 'phone',
    subject: false,
    typing: false,
    formats: FORMATS,
    incoming: true,
    outgoing: true,
    writeFirst: true,
    statuses: ['sent', 'delivered', 'error'],
    attachments: attachments === 'links' ? ATTACHMENT_TYPES : []
  }),

  send,
  templates: {
    async list({ settings: { templates } }) {
      return listedTemplates(await readTemplates(text(templates?.templates)))
    }
  },
  refusal,
  webhook: { bodyLimit: 64 * KIB, verify, receive },
  check,
  markdowns: { webhook }
})
