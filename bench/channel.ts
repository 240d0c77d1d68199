import { type Channel, defineChannel } from 'channel-kit/channel'
import { STATUSES } from 'channel-kit/chat'
import { form, group } from 'channel-kit/form'
import { Type } from 'typebox'

/** The channel of the run's gateway: one call a message, and `sent` when it is answered. */

const channel: Channel = defineChannel({
  name: 'bench',
  info: {
    name: 'Bench',
    description: 'The gateway of the bench',
    developer: { name: 'Bench', email: 'bench@example.com', hostname: 'example.com' }
  },
  icon: new URL('../plugins/echo/icon.png', import.meta.url),
  translations: new URL('../plugins/echo/translations/', import.meta.url),
  options: Type.Object({ gateway: Type.String({ description: 'URL of the gateway' }) }),
  settings: form({ title: 'Settings', button: 'Save' }, { main: group({ title: 'Main' }, {}) }),
  dedupes: false,
  capabilities: () => ({
    contactType: 'phone',
    subject: false,
    typing: false,
    formats: ['text'],
    incoming: true,
    outgoing: true,
    writeFirst: true,
    statuses: STATUSES,
    attachments: []
  }),

  async send({ contact, content }, { options, fetch, webhookUrl, signal }) {
    const response = await fetch(options.gateway, {
      method: 'POST',
      signal,
      body: JSON.stringify({ number: Number(content?.text), contact, webhookUrl })
    })
    const { ref } = (await response.json()) as { ref: string }
    return { kind: 'accepted', ref, later: [{ afterMs: 0, events: [{ kind: 'status', ref, status: 'sent' }] }] }
  },

  webhook: {
    bodyLimit: 64 * 1024,
    verify: async () => ({ kind: 'genuine' }),
    async receive({ body }) {
      const { number, contact } = JSON.parse(body.toString()) as { number: number; contact: string }
      return {
        reply: { status: 200 },
        events: [
          {
            kind: 'message',
            ref: `i-${number}`,
            contact,
            subject: null,
            content: { text: String(number), format: 'text' },
            attachments: []
          }
        ]
      }
    }
  }
})

export default channel
