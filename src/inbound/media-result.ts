import type { Attachment, Content } from 'channel-kit/chat'
import type { Downloaded, Media } from 'channel-kit/event'
import { eq } from 'drizzle-orm'
import { enqueueOutbox, isReady } from '../outbox/enqueue.ts'
import { refOfIncoming } from '../outbox/key.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import { sanitize } from '../postgres/sanitize-text.ts'
import { type Fetching, outbox } from '../postgres/schema/schema.ts'
import { type Conversation, lockConversations, wake } from '../queue/conversations.ts'
import { refreshDue } from '../queue/due-times.ts'

/** What tries at the files of an incoming message brought, as the CRM's outbox keeps it. */

export type Item = typeof outbox.$inferSelect

/** What the CRM reads in the place of a file, by its name. */
export interface Words {
  follows: (name: string) => string
  missing: (name: string) => string
}

interface Body {
  chat: { contact: string; subject: string | null }
  message: { content: Content | null; attachments: readonly Attachment[] }
}

const isMissing = (one: Attachment | Media): one is Media => !isReady(one)

export const missingOf = ({ attachments }: Fetching): readonly Media[] => attachments.filter(isMissing)

/**
 * Writes down how tries at the missing files of a message ended, in their order.
 * A message that is whole is offered to the CRM, and what came after it. What
 * comes late is a line of its own, at the end of the conversation as it is then:
 * what the CRM has heard is not said again.
 */
export const settleTries = (
  database: Pick<Database, 'db'>,
  id: number,
  ends: readonly Downloaded[],
  words: Words,
  now: Date
): Promise<void> =>
  fetching(database, id, async (tx, item, media, conversation) => {
    const missing = missingOf(media)
    // Somebody else has tried them meanwhile.
    if (missing.length !== ends.length) return
    const byMedia = new Map(missing.map((one, index) => [one, ends[index]]))
    const attachments = media.attachments.flatMap(one =>
      attachmentsOf(one, isMissing(one) ? byMedia.get(one) : undefined)
    )
    const texts = missing.flatMap(one => textsOf(one, byMedia.get(one), media, words))
    const left = attachments.filter(isMissing)
    const tries = media.tries + 1

    if (media.late) {
      await tellLate(tx, conversation, item, { attachments: attachments.filter(isReady), texts })
      await write(tx, item, { media: left.length > 0 ? { attachments: left, tries, late: true } : null })
    } else if (left.length > 0) {
      const reason = ends.findLast(end => end.kind === 'retry')?.reason ?? ''
      await write(tx, item, {
        body: bodyOf(item, attachments, texts),
        media: { attachments, tries },
        reason: sanitize(reason)
      })
    } else await offer(tx, item, { body: bodyOf(item, attachments, texts), media: null }, now)
  })

/** The chat has waited for long enough: the CRM hears of the message as far as it is there, and that the rest follows. */
export const tellWithout = (database: Pick<Database, 'db'>, id: number, words: Words, now: Date): Promise<void> =>
  fetching(database, id, async (tx, item, media) => {
    if (media.late) return
    const missing = missingOf(media)
    const body = bodyOf(
      item,
      media.attachments,
      missing.map(({ name }) => words.follows(name))
    )
    await offer(tx, item, { body, media: { attachments: missing, tries: media.tries, late: true } }, now)
  })

/** An item whose files are being fetched, as it is while its conversation is locked; nothing, if there is none. */
const fetching = (
  { db }: Pick<Database, 'db'>,
  id: number,
  work: (tx: Executor, item: Item, media: Fetching, conversation: Conversation) => Promise<void>
): Promise<void> =>
  db.transaction(async tx => {
    const [found] = await tx.select({ conversationId: outbox.conversationId }).from(outbox).where(eq(outbox.id, id))
    const [conversation] = found ? await lockConversations(tx, [found.conversationId]) : []
    const [item] = conversation ? await tx.select().from(outbox).where(eq(outbox.id, id)) : []
    if (conversation && item?.media) await work(tx, item, item.media, conversation)
  })

function attachmentsOf(one: Attachment | Media, end: Downloaded | undefined): (Attachment | Media)[] {
  if (end?.kind === 'ready') return [end.attachment]
  return end?.kind === 'gone' ? [] : [one]
}

/** What the channel says of a file is said in the midst of its message; alone, it has to say which file. */
function textsOf({ name }: Media, end: Downloaded | undefined, { late }: Fetching, words: Words): string[] {
  if (end?.kind !== 'gone') return []
  return [(late ? '' : end.text.trim()) || words.missing(name)]
}

async function tellLate(
  tx: Executor,
  conversation: Conversation,
  { dedupe, body, media }: Item,
  { attachments, texts }: { attachments: readonly Attachment[]; texts: readonly string[] }
): Promise<void> {
  if (attachments.length + texts.length === 0) return
  const { contact, subject } = (body as Body).chat
  const content = texts.length > 0 ? { text: texts.join('\n'), format: 'text' as const } : null
  const ref = `${refOfIncoming(dedupe)} files ${media?.tries ?? 0}`
  const news = { kind: 'incoming' as const, conversationId: conversation.id, ref, attachments }
  await enqueueOutbox(tx, [conversation], [{ ...news, message: { contact, subject, content } }])
}

type Change = Partial<Pick<Item, 'body' | 'media' | 'reason' | 'dueAt' | 'offeredSince'>>

const write = (tx: Executor, { id }: Item, change: Change) => tx.update(outbox).set(change).where(eq(outbox.id, id))

/** The CRM may hear of the message, and of what came after it. */
async function offer(tx: Executor, item: Item, change: Change, now: Date): Promise<void> {
  await write(tx, item, { ...change, reason: null, dueAt: now, offeredSince: now })
  await refreshDue(tx, 'tell', [item.conversationId])
  await wake(tx, 'tell', [item.registrationId])
}

function bodyOf(item: Item, attachments: readonly (Attachment | Media)[], texts: readonly string[]): Body {
  const { chat, message } = item.body as Body
  const text = [...(message.content ? [message.content.text] : []), ...texts].join('\n')
  const content = text ? { text, format: message.content?.format ?? ('text' as const) } : null
  return { chat, message: { content, attachments: attachments.filter(isReady) } }
}
