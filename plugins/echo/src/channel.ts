import { defineChannel } from 'channel-kit/channel'
import { STATUSES } from 'channel-kit/chat'
import type { Later } from 'channel-kit/outcome'
import { attachmentsOf, formatsOf, Options } from './options.ts'
import { Settings } from './settings.ts'

const ANY_UPLOAD = { '*': 10 * 1024 * 1024 }

/**
 * A gateway that answers itself: what is sent comes back, wrapped in a prefix
 * and a suffix. The twin of the PHP example, to try a CRM with and to read
 * before writing a channel.
 */
export default defineChannel({
  name: 'echo',
  info: {
    name: 'Example chat plugin',
    description: 'This plugin created only for demo purposes',
    developer: { name: 'LEADVERTEX', email: 'support@salesrender.com', hostname: 'salesrender.com' }
  },
  icon: new URL('../icon.png', import.meta.url),
  translations: new URL('../translations/', import.meta.url),
  options: Options,
  settings: Settings,
  dedupes: true,
  uploads: { default: ANY_UPLOAD, image: ANY_UPLOAD, voice: ANY_UPLOAD },

  capabilities: options => ({
    contactType: options.contactType,
    subject: options.subject === '1',
    typing: false,
    formats: formatsOf(options),
    incoming: options.incoming === '1',
    outgoing: options.outgoing === '1',
    writeFirst: options.writeFirst === '1',
    statuses: STATUSES,
    attachments: attachmentsOf(options)
  }),

  async send({ id, contact, subject, content, attachments }, { settings: { main } }) {
    const ref = `echo-${id}`
    const text = `${main.prefix}${content?.text ?? ''}${main.suffix}`
    const after = (delays: number) => delays * (main.delay ?? 0) * 1_000

    if (text.toLowerCase().includes('error'))
      return {
        kind: 'accepted',
        ref,
        later: [{ afterMs: after(1), events: [{ kind: 'status', ref, status: 'error' }] }]
      }

    const later: Later[] = [
      { afterMs: after(1), events: [{ kind: 'status', ref, status: 'sent' }] },
      { afterMs: after(2), events: [{ kind: 'status', ref, status: 'delivered' }] },
      { afterMs: after(3), events: [{ kind: 'status', ref, status: 'read' }] },
      {
        afterMs: after(4),
        events: [
          {
            kind: 'message',
            ref: `${ref}-reply`,
            contact,
            subject,
            content: { text, format: content?.format ?? 'text' },
            attachments
          }
        ]
      }
    ]
    return { kind: 'accepted', ref, later }
  }
})
