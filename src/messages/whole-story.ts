import { itemsAbout } from '../outbox/queries.ts'
import type { Executor } from '../postgres/connect.ts'
import type { OutboxState } from '../postgres/schema/outbox.ts'
import type { FoundMessage } from './queries.ts'
import type { StoryEntry } from './story.ts'

/** The whole story of a message: its own entries, and among them its outbox items, with the CRM's answers. */
export type WholeStoryEntry =
  | StoryEntry
  | { kind: 'accepted'; at: string }
  | {
      kind: 'crm'
      at: string
      item: number
      status: string
      state: OutboxState
      attempts: number
      reason: string | null
    }

/** Entries in order. Their times are by the clock of the hosts, that of the acceptance by the database's. */
export async function storyOf(database: { db: Executor }, message: FoundMessage): Promise<WholeStoryEntry[]> {
  const { acceptedAt, chapters, crmId } = message
  const items = crmId === null ? [] : await itemsAbout(database, { ...message, crmId })
  const ofItems = items.map(
    ({ id, body, state, attempts, reason, createdAt, settledAt }): WholeStoryEntry => ({
      kind: 'crm',
      at: (settledAt ?? createdAt).toISOString(),
      item: id,
      status: (body as { status: string }).status,
      state,
      attempts,
      reason
    })
  )
  return [
    { kind: 'accepted', at: acceptedAt.toISOString() },
    ...[...chapters, ...ofItems].toSorted((one, other) => one.at.localeCompare(other.at))
  ]
}
