import type { Attachment, Content } from 'channel-kit/chat'
import type { Downloaded, Media } from 'channel-kit/event'
import { eq } from 'drizzle-orm'
import { enqueueOutbox, isReady } from '../outbox/enqueue.ts'
import { refOfIncoming } from '../outbox/key.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import { sanitize } from '../postgres/sanitize-text.ts'
import type { Conversation } from '../postgres/schema/conversations.ts'
import { type Fetching, outbox } from '../postgres/schema/outbox.ts'
import { refreshDue } from '../queue/due-times.ts'
import { lockConversations, wake } from '../queue/locks.ts'

/** Results of fetching the files of an incoming message, saved in its outbox item. */

export type Item = typeof outbox.$inferSelect

/** Texts for the CRM in the place of a file, by its name. */
export interface Words {
  follows: (name: string) => string
  missing: (name: string) => string
}

interface Body {
  chat: { contact: string; subject: string | null }
  message: { content: Content | null; attachments: readonly Attachment[] }
}

const isMissing = (file: Attachment | Media): file is Media => !isReady(file)

export const missingOf = ({ attachments }: Fetching): readonly Media[] => attachments.filter(isMissing)

/**
 * Saves the results of fetching the missing files of a message, in their order. A complete message becomes due in the
 * outbox, and the items behind it. A late file is an item of its own, at the end of the conversation as it is then: what
 * was delivered to the CRM is not delivered again.
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
    // Another job has fetched files meanwhile.
    if (missing.length !== ends.length) return
    const byMedia = new Map(missing.map((file, index) => [file, ends[index]]))
    const attachments = media.attachments.flatMap(file =>
      attachmentsOf(file, isMissing(file) ? byMedia.get(file) : undefined)
    )
    const texts = missing.flatMap(file => textsOf(file, byMedia.get(file), media, words))
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

/** After the longest wait the message is offered to the CRM without its missing files, with a text that they follow. */
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

/** Works on an item whose files are being fetched, while its conversation is locked; does nothing if there is none. */
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

function attachmentsOf(file: Attachment | Media, end: Downloaded | undefined): (Attachment | Media)[] {
  if (end?.kind === 'ready') return [end.attachment]
  return end?.kind === 'gone' ? [] : [file]
}

/** The channel's text about a file that is gone stands in its message only; a late item has to name the file. */
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
  const item = { kind: 'incoming' as const, conversationId: conversation.id, ref, attachments }
  await enqueueOutbox(tx, [conversation], [{ ...item, message: { contact, subject, content } }])
}

type Change = Partial<Pick<Item, 'body' | 'media' | 'reason' | 'dueAt' | 'offeredSince'>>

const write = (tx: Executor, { id }: Item, change: Change) => tx.update(outbox).set(change).where(eq(outbox.id, id))

/** Makes the item due, and so the items behind it in the conversation. */
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
