import type { Received, Simulator } from 'channel-kit/simulator'
import { customers, SERVICE, SHORT_NUMBER, type Sms } from './customers.ts'
import { type Fault, type Knobs, type Taken, usualKnobs } from './knobs.ts'
import { type Request, sends } from './sends.ts'
import { type Answer, webhookCalls } from './webhook-calls.ts'

export interface MobiletechSimulator extends Simulator {
  knobs: Knobs
  /** For the next answers, one each. */
  fail(...faults: readonly Fault[]): void
  /** Oldest first. */
  requests: readonly Request[]
  taken: readonly Taken[]
  /** Answers of the webhook, oldest first. */
  answers: readonly Answer[]
  /** An SMS of a customer, once, whatever the answer. */
  deliver(sms: Sms): Promise<Answer>
  /** A `status` document, once. */
  report(id: string, status: string): Promise<Answer>
  /** Any body, to the webhook. */
  post(body: string | Uint8Array<ArrayBuffer>, contentType?: string): Promise<Answer>
  /** When all reports that were due have been taken. */
  idle(): Promise<void>
  write: NonNullable<Simulator['write']>
}

/** The gateway of Mobiletech, as far as it is known. Source: README.md, "The protocol". */
export async function startSimulator(given: Partial<Knobs> & { bearer?: string } = {}): Promise<MobiletechSimulator> {
  const { bearer, ...turned } = given
  const knobs: Knobs = { ...usualKnobs(), ...turned }
  const closing = new AbortController()
  const calls = webhookCalls(knobs, closing.signal)
  const people = customers(calls, knobs)
  const { app, ...inspection } = sends({ knobs, calls, projects: people.projects, bearer, closing: closing.signal })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    variables: { OUTBOUND_ALLOW: '127.0.0.0/8' },
    settings: {
      gateway: {
        mode: ['live'],
        url,
        servId: SERVICE,
        shortNumber: SHORT_NUMBER,
        billkey: 'AZ19',
        ...(bearer ? { bearer } : {})
      }
    },
    knobs,
    ...inspection,
    answers: calls.answers,
    deliver: people.deliver,
    report: calls.report,
    post: calls.post,
    connect: async webhookUrl => calls.connect(webhookUrl),
    write: (contact, { text }) => people.write(contact, text),
    received: () => inspection.taken.map(receivedOf),
    async close() {
      closing.abort()
      await app.close()
    }
  }
}

const receivedOf = ({ fields, at }: Taken): Received => ({
  contact: fields.to ?? '',
  text: fields.content ?? '',
  files: [],
  at
})
