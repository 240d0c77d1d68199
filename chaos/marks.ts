import type { IncomingHttpHeaders } from 'node:http'

/** Headers that hosts add to their calls of a gateway for the journal, so that the front need not understand every gateway's words. */
export interface Marks {
  /** Which life of which host. */
  host: string
  attempt: number
  /** Where the account's webhooks go. */
  webhookUrl: string
  /** The id of a single message, which is also its text. */
  message: string
  contact: string
  /** The host's own id of a lot. */
  lot: string
}

const NAMES = {
  host: 'x-chaos-host',
  attempt: 'x-chaos-attempt',
  webhookUrl: 'x-chaos-webhook',
  message: 'x-chaos-message',
  contact: 'x-chaos-contact',
  lot: 'x-chaos-lot'
} as const satisfies Record<keyof Marks, string>

export const headersOf = (marks: Partial<Marks>): Record<string, string> =>
  Object.fromEntries(Object.entries(marks).map(([name, value]) => [NAMES[name as keyof Marks], String(value)]))

export function marksOf(headers: IncomingHttpHeaders): Marks {
  const mark = (name: keyof Marks) => String(headers[NAMES[name]] ?? '')
  return {
    host: mark('host'),
    attempt: Number(mark('attempt')),
    webhookUrl: mark('webhookUrl'),
    message: mark('message'),
    contact: mark('contact'),
    lot: mark('lot')
  }
}

export const isMark = (header: string): boolean => header.startsWith('x-chaos-')
