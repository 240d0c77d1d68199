import { randomUUID } from 'node:crypto'
import type { Translate } from 'channel-kit/tools'
import { and, eq } from 'drizzle-orm'
import { type Meter, NO_METER } from '../metrics/meter.ts'
import { enqueueOutbox } from '../outbox/enqueue.ts'
import { hostNote } from '../outbox/notes.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import type { Conversation } from '../postgres/schema/conversations.ts'
import { messages } from '../postgres/schema/messages.ts'
import type { Posted } from '../protocol/chat.ts'
import { lockRegistrations } from '../queue/locks.ts'
import type { Directed, Order } from './agent-directives.ts'
import { holdIn, releaseIn } from './holds.ts'
import { liftIn, suppressIn } from './suppressions.ts'
import { lockTalk } from './talk.ts'

/** Obeys directives of agents, and tells them in the chat what is so now. */

export type Obey = (registrationId: number, posted: Posted, directed: Directed, other: string | null) => Promise<void>

interface Deps {
  database: Pick<Database, 'db'>
  /** The host's own words to those who read a chat. */
  translate: Translate
  now: () => Date
  /** Is told of items for the CRM. */
  told: (count: number) => void
  meter?: Meter
}

export const createObey =
  ({ database, translate, now, told, meter = NO_METER }: Deps): Obey =>
  async (registrationId, posted, { orders, rest }, other) => {
    let ended = 0
    await database.db.transaction(async tx => {
      ended = 0
      const conversation = await lockTalk(tx, { registrationId, contact: posted.contact, other })
      await lockRegistrations(tx, [registrationId], 'share')
      if (await isKnown(tx, registrationId, posted.crmId)) return
      for (const order of orders) ended += await obey(tx, conversation, order, now())
      if (!rest) await store(tx, conversation, posted, orders, now())
      const name = `directive ${posted.crmId ?? randomUUID()}`
      const text = orders.map(order => said(order, translate)).join('\n')
      await enqueueOutbox(tx, [conversation], hostNote(conversation, name, text))
    })
    told(1)
    if (ended > 0) meter.settled(registrationId, 'failed', ended)
  }

/** The CRM posts a message once more where it has not heard that it was taken. */
async function isKnown(tx: Executor, registrationId: number, crmId: string | null): Promise<boolean> {
  if (crmId === null) return false
  const found = await tx
    .select({ id: messages.id })
    .from(messages)
    .where(and(eq(messages.registrationId, registrationId), eq(messages.crmId, crmId)))
  return found.length > 0
}

/** Answers how many messages ended for it. */
async function obey(tx: Executor, conversation: Conversation, order: Order, now: Date): Promise<number> {
  switch (order.kind) {
    case 'hold':
      await holdIn(tx, conversation, { by: 'agent', until: null, reason: null })
      return 0
    case 'release':
      await releaseIn(tx, conversation, 'agent')
      return 0
    case 'suppress':
      return (await suppressIn(tx, [conversation], { purpose: order.purpose, source: 'agent', now })).ended
    case 'lift':
      await liftIn(tx, [conversation], { source: 'agent' })
      return 0
    case 'none':
      return 0
  }
}

/** The message ends here: as sent, which is all that the CRM can be told of something done, or as failed. */
async function store(
  tx: Executor,
  conversation: Conversation,
  { crmId, chatId: _, ...body }: Posted,
  orders: readonly Order[],
  now: Date
): Promise<void> {
  const isWrong = orders.some(({ kind }) => kind === 'none')
  const reason = isWrong ? 'the directive is wrong' : 'it was a directive, and was obeyed'
  await tx.insert(messages).values({
    registrationId: conversation.registrationId,
    conversationId: conversation.id,
    crmId,
    body,
    state: isWrong ? 'failed' : 'accepted',
    status: isWrong ? 'error' : 'sent',
    reason,
    story: [{ kind: 'ended', at: now.toISOString(), reason }],
    dueAt: now,
    settledAt: now
  })
  if (crmId !== null)
    await enqueueOutbox(
      tx,
      [conversation],
      [{ kind: 'status', conversationId: conversation.id, crmId, status: isWrong ? 'error' : 'sent', replays: 0 }]
    )
}

function said(order: Order, translate: Translate): string {
  switch (order.kind) {
    case 'hold':
      return translate('chat', 'Automatic messages to this contact are off until you write /bot on')
    case 'release':
      return translate('chat', 'Automatic messages to this contact are on again')
    case 'suppress':
      return order.purpose === 'all'
        ? translate('chat', 'This contact gets no messages any more, yours included, until you write /optin')
        : translate('chat', 'This contact gets no marketing any more, until you write /optin')
    case 'lift':
      return translate('chat', 'This contact gets all messages again')
    case 'none':
      return translate('chat', 'Nothing was sent or changed: write /bot off, /bot on, /optout, /optout all or /optin')
  }
}
