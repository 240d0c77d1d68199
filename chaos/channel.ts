import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Channel, defineChannel } from 'channel-kit/channel'
import type { GatewayEvent } from 'channel-kit/event'
import { form, group, password, string } from 'channel-kit/form'
import type { Outcome } from 'channel-kit/outcome'
import { bareChannel } from 'channel-kit/testing'
import type { Foreseen } from './journal.ts'

/** The channel of the run's own gateway: it understands every answer that the gateway means, and no silence. */

/** The common name of the run's own channels. */
export const OWN = 'chaos'

export const SIGNATURE = 'x-signature'
export const sign = (secret: string, body: Buffer | string) => createHmac('sha256', secret).update(body).digest('hex')

/** The body of a call of the gateway. */
interface GatewayCall {
  contact: string
  text: string
}

/** The gateway's answers in its own words. */
export type GatewayAnswer =
  | { kind: 'accepted'; ref: string; foreseen?: Foreseen }
  | { kind: 'busy' | 'throttled'; afterMs: number }
  | { kind: 'rejected' }

export const chaosChannel = (name: string, dedupes: boolean): Channel =>
  defineChannel({
    ...bareChannel,
    name,
    settings: form(
      { title: 'Settings', button: 'Save' },
      {
        main: group(
          { title: 'Main' },
          {
            url: string({ title: 'URL' }),
            secret: password({ title: 'Secret' })
          }
        )
      }
    ),
    dedupes,

    async send({ contact, content }, { settings: { main }, fetch }) {
      const call: GatewayCall = { contact, text: content?.text ?? '' }
      const response = await fetch(main.url, { method: 'POST', body: JSON.stringify(call) })
      if (response.status >= 500) return { kind: 'unknown', reason: `the gateway answered ${response.status}` }
      return outcomeOf((await response.json()) as GatewayAnswer, contact)
    },

    webhook: {
      bodyLimit: 64 * 1024,
      async verify({ headers, body }, { settings: { main } }) {
        const given = Buffer.from(String(headers[SIGNATURE]))
        const right = Buffer.from(sign(main.secret, body))
        const genuine = given.length === right.length && timingSafeEqual(given, right)
        return genuine ? { kind: 'genuine' } : { kind: 'refused', reason: 'The signature is wrong' }
      },
      receive: async ({ body }) => ({
        reply: { status: 200 },
        events: JSON.parse(body.toString()) as readonly GatewayEvent[]
      })
    }
  })

export const incomingEvent = (contact: string, text: string): GatewayEvent => ({
  kind: 'message',
  ref: text,
  contact,
  subject: null,
  content: { text, format: 'text' },
  attachments: []
})

/** Between two foreseen events. */
const STEP_MS = 300

function outcomeOf(answer: GatewayAnswer, contact: string): Outcome {
  switch (answer.kind) {
    case 'rejected':
      return { kind: 'rejected', reason: 'the gateway rejected it' }
    case 'busy':
      return { kind: 'retry', reason: 'the gateway is busy', afterMs: answer.afterMs }
    case 'throttled':
      return { kind: 'throttled', reason: 'the gateway throttles', afterMs: answer.afterMs }
    case 'accepted': {
      const { ref, foreseen } = answer
      if (!foreseen) return { kind: 'accepted', ref }
      const events: GatewayEvent[] = [
        ...foreseen.statuses.map((status): GatewayEvent => ({ kind: 'status', ref, status })),
        ...foreseen.replies.map(text => incomingEvent(contact, text))
      ]
      return {
        kind: 'accepted',
        ref,
        later: events.map((event, index) => ({ afterMs: (index + 1) * STEP_MS, events: [event] }))
      }
    }
  }
}
