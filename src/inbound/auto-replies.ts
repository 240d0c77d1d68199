import type { AnswerEvent, MessageEvent } from 'channel-kit/event'
import { enqueue } from '../messages/enqueue.ts'
import type { Executor } from '../postgres/connect.ts'
import { namedElsewhere, nameIn } from '../postgres/names-in-sql.ts'
import { type Answered, type Body, messages } from '../postgres/schema/schema.ts'
import type { Conversation } from '../queue/conversations.ts'
import { pastOf } from './conversation-memory.ts'

interface In<Event> {
  conversation: Conversation
  event: Event
}

/**
 * Messages of the channels' own, which go the way of all messages. One that was queued before changes nothing. What each
 * answers goes with it, since it may be sent when the customer has written again. `heard`: the messages that came with them.
 */
export async function enqueueAnswers(
  tx: Executor,
  locked: readonly Conversation[],
  all: readonly In<AnswerEvent>[],
  heard: readonly In<MessageEvent>[],
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
      ...(answers === undefined ? {} : { answers: answeredBy(answers, conversation, heard, now) })
    },
    dueAt: now
  }))
  const added = await insert(tx, rows)
  const refused = added.length < rows.length ? rows : []
  const known = await namedElsewhere(tx, refused, {
    table: messages,
    column: messages.answer,
    nameOf: ({ answer }) => answer
  })
  if (known.length > 0)
    added.push(
      ...(await insert(
        tx,
        known.map(row => ({ ...row, answer: nameIn(row.answer, row) }))
      ))
    )
  await enqueue(tx, locked, added, now)
}

/** Of a message that is neither among these nor the last one there was, nothing is known but its name. */
function answeredBy(ref: string, conversation: Conversation, heard: readonly In<MessageEvent>[], now: Date): Answered {
  const { id, lastIncomingRef, lastIncomingAt, lastIncomingContext } = conversation
  const event = heard.find(one => one.conversation.id === id && one.event.ref === ref)?.event
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
