import type { ChatMessage } from 'channel-kit/chat'
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
  tellCrm: TellCrm | null
}

interface AcceptedItem {
  message: number
  /** False: the client has used the id before, in this registration. */
  accepted: boolean
}

/** Stores items for good, in the order given, and answers each in that order. `client`: two tokens of one name are one. */
export type AcceptItems = (registrationId: number, client: string, items: readonly NewItem[]) => Promise<AcceptedItem[]>

const ACCEPT_ITEMS = readRoutine(new URL('./accept.sql', import.meta.url), 'accept_items')

export const createAcceptItems =
  ({ pool }: Pick<Database, 'pool'>, now: () => Date, stored: (count: number) => void): AcceptItems =>
  async (registrationId, client, items) => {
    if (items.length === 0) return []
    const rows = await callRoutine<{ id: string; message: string; accepted: boolean }>(pool, ACCEPT_ITEMS, [
      registrationId,
      client,
      items.map(({ body }) => body.contact),
      items.map(({ other }) => other),
      items.map(({ id }) => id),
      JSON.stringify(
        items.map(({ bulk, notBefore, expiresAt, tag, purpose, tellCrm }) => ({
          bulk,
          not_before: notBefore,
          expires_at: expiresAt,
          tag,
          purpose,
          tell_crm: tellCrm
        }))
      ),
      JSON.stringify(items.map(({ body }) => body)),
      now()
    ])
    const answers = new Map(rows.map(({ id, message, accepted }) => [id, { message: Number(message), accepted }]))
    stored(rows.filter(({ accepted }) => accepted).length)
    return items.map(({ id }) => {
      const answer = answers.get(id)
      if (!answer) throw new Error('An item that was stored is not there')
      // The same id once more in one request is a duplicate.
      answers.set(id, { ...answer, accepted: false })
      return answer
    })
  }
