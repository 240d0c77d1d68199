import { type Channel, defineChannel } from 'channel-kit/channel'
import { bareChannel } from 'channel-kit/testing'
import { Type } from 'typebox'

/** The channel of the bench's gateway: one call a message, and the status `sent` with its answer. */

/** Messages a second of each account; unlimited where it is not set. */
const PER_SECOND = process.env.BENCH_PER_SECOND

const channel: Channel = defineChannel({
  ...bareChannel,
  name: 'bench',
  options: Type.Object({ gateway: Type.String({ description: 'URL of the gateway' }) }),
  limits: () => (PER_SECOND === undefined ? {} : { perSecond: Number(PER_SECOND) }),

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
