import type { AnswerEvent, MessageEvent } from 'channel-kit/event'
import type { Executor } from '../postgres/connect.ts'
import { namedElsewhere, nameIn } from '../postgres/names-in-sql.ts'
import type { Conversation } from '../postgres/schema/conversations.ts'
import { type Answered, type Body, messages } from '../postgres/schema/messages.ts'
import { refreshLine } from '../queue/due-times.ts'
import { pastOf } from './conversation-memory.ts'

interface In<Event> {
  conversation: Conversation
  event: Event
}

/**
 * Enqueues automatic answers of channels, which are sent like all messages. An answer that was enqueued before changes
 * nothing. The message that it answers is kept with it, since the customer may have written again when it is sent.
 * `incoming`: the messages that came with the answers.
 */
export async function enqueueAnswers(
  tx: Executor,
  all: readonly In<AnswerEvent>[],
  incoming: readonly In<MessageEvent>[],
  now: Date
): Promise<void> {
  if (all.length === 0) return
  const rows = all.map(({ conversation, event: { ref, answers, content } }) => ({
    registrationId: conversation.registrationId,
    conversationId: conversation.id,
    answer: ref,
    body: {
      contact: conversation.contact,
      subject: null,
      content,
      attachments: [],
      ...(answers === undefined ? {} : { answers: answeredBy(answers, conversation, incoming, now) })
    },
    dueAt: now
  }))
  const added = await insert(tx, rows)
  const refused = added.length < rows.length ? rows : []
  const elsewhere = await namedElsewhere(tx, refused, {
    table: messages,
    column: messages.answer,
    nameOf: ({ answer }) => answer
  })
  if (elsewhere.length > 0)
    added.push(
      ...(await insert(
        tx,
        elsewhere.map(row => ({ ...row, answer: nameIn(row.answer, row) }))
      ))
    )
  await refreshLine(tx, added)
}

/** The answered message: only its ref is known if it is neither among `incoming` nor the conversation's last one. */
function answeredBy(
  ref: string,
  conversation: Conversation,
  incoming: readonly In<MessageEvent>[],
  now: Date
): Answered {
  const { id, lastIncomingRef, lastIncomingAt, lastIncomingContext } = conversation
  const event = incoming.find(other => other.conversation.id === id && other.event.ref === ref)?.event
  if (event) return { ref, at: pastOf(event.at, now).at.toISOString(), context: event.context ?? null }
  if (lastIncomingRef === ref && lastIncomingAt)
    return { ref, at: lastIncomingAt.toISOString(), context: lastIncomingContext?.value ?? null }
  return { ref, at: now.toISOString(), context: null }
}

interface Row {
  registrationId: number
  conversationId: number
  answer: string
  body: Body
  dueAt: Date
}

const insert = (tx: Executor, rows: readonly Row[]) =>
  tx
    .insert(messages)
    .values([...rows])
    .onConflictDoNothing()
    .returning({ registrationId: messages.registrationId, conversationId: messages.conversationId })
