import type { ChatMessage } from 'channel-kit/chat'
import { erasedJson } from '../contacts/contact-key.ts'
import { type Meter, NO_METER } from '../metrics/meter.ts'
import type { Database } from '../postgres/connect.ts'
import type { Purpose, TellCrm } from '../postgres/schema/messages.ts'
import { callRoutine, readRoutine } from '../postgres/sql-routine.ts'

/** Messages of API clients on their way into the record. */

export interface NewItem {
  /** The client's own id of it. */
  id: string
  body: ChatMessage
  /** Another name of the same contact, such as a number without its plus. */
  other: string | null
  bulk: boolean
  /** Not in line before; null: at once. */
  notBefore: Date | null
  /** Not begun after. */
  expiresAt: Date | null
  tag: string | null
  purpose: Purpose
  /** Ends as failed where its conversation is held when it is its turn. */
  ifNotHeld: boolean
  /** The position of an event: the item ends as failed if somebody has written in its conversation since. */
  ifNoneAfter: number | null
  tellCrm: TellCrm | null
}

/** `duplicate`: the client has used the id before, in this registration. `suppressed`: its contact does not want it, and nothing was stored. */
interface StoredItem {
  result: 'accepted' | 'duplicate' | 'suppressed'
  /** Null: there is none. */
  message: number | null
}

/**
 * Stores items for good, in the order given, and answers each in that order. `client`: two tokens of one name are one.
 * `traceparent`: the span in which they were posted.
 */
export type AcceptItems = (
  registrationId: number,
  client: string,
  items: readonly NewItem[],
  contactKey?: string | null,
  traceparent?: string | null
) => Promise<StoredItem[]>

const ACCEPT_ITEMS = readRoutine(new URL('./accept.sql', import.meta.url), 'accept_items')

export const createAcceptItems =
  (
    { pool }: Pick<Database, 'pool'>,
    now: () => Date,
    stored: (count: number) => void,
    meter: Meter = NO_METER
  ): AcceptItems =>
  async (registrationId, client, items, contactKey = null, traceparent = null) => {
    if (items.length === 0) return []
    const rows = await callRoutine<{ id: string; message: string | null; result: StoredItem['result'] }>(
      pool,
      ACCEPT_ITEMS,
      [
        registrationId,
        client,
        items.map(({ body }) => body.contact),
        items.map(({ other }) => other),
        items.map(({ id }) => id),
        JSON.stringify(
          items.map(({ bulk, notBefore, expiresAt, tag, purpose, ifNotHeld, ifNoneAfter, tellCrm }) => ({
            bulk,
            not_before: notBefore,
            expires_at: expiresAt,
            tag,
            purpose,
            if_not_held: ifNotHeld,
            if_none_after: ifNoneAfter,
            tell_crm: tellCrm
          }))
        ),
        JSON.stringify(items.map(({ body }) => body)),
        erasedJson(items.map(({ body: { contact } }) => ({ contactKey, contact }))),
        traceparent,
        now()
      ]
    )
    const answers = new Map(
      rows.map(({ id, message, result }) => [id, { result, message: message === null ? null : Number(message) }])
    )
    stored(rows.filter(({ result }) => result === 'accepted').length)
    return items.map(({ id, bulk }): StoredItem => {
      const answer = answers.get(id)
      if (!answer) throw new Error('An item that was stored is not there')
      // The same id once more in one request is a duplicate.
      if (answer.result === 'accepted') {
        answers.set(id, { ...answer, result: 'duplicate' })
        meter.accepted(registrationId, bulk ? 'bulk' : 'normal')
      }
      return answer
    })
  }
