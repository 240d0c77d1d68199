import { operatorOfPrefix } from '../src/operators.ts'
import { type Fields, written } from './documents.ts'
import type { Knobs } from './knobs.ts'
import type { Answer, WebhookCalls } from './webhook-calls.ts'

/** An SMS of a customer; what is not given is as the gateway would have it. */
export interface Sms {
  from: string
  content: string
  /** The same one for a repetition. */
  id?: string
  /** Other elements than usual; undefined leaves one out. */
  fields?: Readonly<Record<string, string | undefined>>
  cdata?: boolean
}

export const SHORT_NUMBER = '8800'
export const SERVICE = '1700'
const PROJECT = '70'
const FIRST_ID = 30_000_001

export function customers(calls: WebhookCalls, { operators }: Knobs) {
  /** By the id of the message: what a reply to it has to name. */
  const projects = new Map<string, string>()
  let next = FIRST_ID

  /** An id that no message had, neither by itself nor because a test wanted it. */
  function freshId(): string {
    while (projects.has(String(next))) next += 1
    return String(next)
  }

  function documentOf({ from, content, id, fields = {}, cdata }: Sms): { id: string; xml: string } {
    const own = id ?? freshId()
    const all: Record<string, string | undefined> = {
      id: own,
      serv_id: SERVICE,
      project_id: PROJECT,
      from,
      to: SHORT_NUMBER,
      content,
      content_coding: 'text',
      dcs: '0',
      esm: '0',
      operator_type: operators.get(from) ?? operatorOfPrefix(from) ?? 'O',
      receive_date: dateOf(new Date()),
      ...fields
    }
    const present = Object.entries(all).filter((field): field is [string, string] => field[1] !== undefined)
    projects.set(own, all.project_id ?? '')
    return { id: own, xml: written('receive', Object.fromEntries(present) satisfies Fields, cdata ? ['content'] : []) }
  }

  return {
    projects,
    /** Once, whatever the answer. */
    deliver: (sms: Sms): Promise<Answer> => calls.post(documentOf(sms).xml),
    /** Until it is acknowledged. */
    async write(from: string, content: string): Promise<void> {
      const { id, xml } = documentOf({ from, content })
      await calls.postUntilTaken(xml, 'rcv_rsp', id)
    }
  }
}

const CLOCK = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/Bratislava',
  dateStyle: 'short',
  timeStyle: 'medium'
})

/** `YYMMDDhhmmss` and tenths of a second. */
function dateOf(at: Date): string {
  const [, day, month, year, hour, minute, second] =
    /(\d\d)\/(\d\d)\/\d\d(\d\d), (\d\d):(\d\d):(\d\d)/.exec(CLOCK.format(at)) ?? []
  return [year, month, day, hour, minute, second, Math.floor(at.getMilliseconds() / 100)].join('')
}
