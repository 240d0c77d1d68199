import type { Attachment, Content } from 'channel-kit/chat'
import type { Media } from 'channel-kit/event'
import { and, eq, isNotNull, sql } from 'drizzle-orm'
import { isReady } from '../crm/news.ts'
import { OPEN } from '../crm/telling.ts'
import type { Database } from '../database/connect.ts'
import { lockConversations, wake } from '../database/conversations.ts'
import { refreshDue } from '../database/heads.ts'
import { outbox } from '../database/schema.ts'

/** What a try at the files of an incoming message brought, as the CRM's outbox keeps it. */

export type Item = typeof outbox.$inferSelect

export interface Fetched {
  attachments: (Attachment | Media)[]
  /** Instead of the files that are gone. */
  texts: string[]
  /** Why some are not there yet. */
  reason: string | null
}

interface Body {
  chat: object
  message: { content: Content | null; attachments: readonly Attachment[] }
}

/** Some files are missing still. */
export async function wait({ db }: Pick<Database, 'db'>, item: Item, fetched: Fetched): Promise<void> {
  const media = { attachments: fetched.attachments, tries: (item.media?.tries ?? 0) + 1 }
  await db
    .update(outbox)
    .set({ body: bodyOf(item, fetched), media, reason: fetched.reason })
    .where(and(eq(outbox.id, item.id), isNotNull(outbox.media)))
}

/** The message is whole: the CRM may hear of it, and of what came after it. */
export const release = ({ db }: Pick<Database, 'db'>, item: Item, fetched: Fetched, now: Date): Promise<void> =>
  db.transaction(async tx => {
    const ids = [item.conversationId]
    await lockConversations(tx, ids)
    const released = await tx
      .update(outbox)
      .set({ body: bodyOf(item, fetched), media: null, reason: null, dueAt: now, offeredSince: now })
      .where(and(eq(outbox.id, item.id), isNotNull(outbox.media)))
      .returning({ registrationId: outbox.registrationId })
    await refreshDue(tx, 'tell', ids, sql`${outbox}`, OPEN)
    await wake(
      tx,
      'tell',
      released.map(({ registrationId }) => registrationId)
    )
  })

function bodyOf(item: Item, { attachments, texts }: Fetched): Body {
  const { chat, message } = item.body as Body
  const text = [...(message.content ? [message.content.text] : []), ...texts].join('\n')
  const content = text ? { text, format: message.content?.format ?? ('text' as const) } : null
  return { chat, message: { content, attachments: attachments.filter(isReady) } }
}
