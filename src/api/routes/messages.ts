import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import {
  type FoundMessage,
  filterOf,
  findMessages,
  type Listed as ListedMessage,
  listMessages
} from '../../messages/queries.ts'
import { storyOf } from '../../messages/whole-story.ts'
import type { Database, Executor } from '../../postgres/connect.ts'
import { mayTouch, visible } from '../authorize.ts'
import { Missing } from '../errors.ts'
import { ById, Id, isoOf, ListOf, Nullable, Page, Price, paged, Time } from '../lists.ts'
import { searching } from '../search.ts'
import { MESSAGE_FILTER, MessageLane } from './message-filter.ts'

const STATES = ['waiting', 'sending', 'gathered', 'accepted', 'failed'] as const

const MESSAGE = {
  id: Id,
  registration: Id,
  contact: Type.String(),
  crmId: Nullable(Type.String({ description: "The CRM's id" })),
  state: Type.Enum([...STATES], {
    description: '`gathered`: in a lot. `failed`: also after the gateway took it and reported an error'
  }),
  client: Nullable(Type.String({ description: 'The API client that posted it; null: the CRM, or its channel' })),
  clientId: Nullable(Type.String({ description: "The client's id" })),
  tag: Nullable(Type.String()),
  class: MessageLane,
  status: Nullable(Type.String({ description: 'sent, delivered, read or error, as the gateway reported' })),
  reason: Nullable(Type.String()),
  code: Nullable(Type.String({ description: "The gateway's own code of the last status" })),
  cost: Nullable(Price),
  attempts: Type.Integer(),
  replays: Type.Integer(),
  ref: Nullable(Type.String({ description: "The gateway's id" })),
  acceptedAt: Time,
  dueAt: Nullable(Time),
  notBefore: Nullable(Time),
  expiresAt: Nullable(Time),
  settledAt: Nullable(Time)
}

const Message = Type.Object(MESSAGE, { title: 'Message' })

const WholeMessage = Type.Object(
  {
    ...MESSAGE,
    subject: Nullable(Type.String()),
    content: Nullable(Type.Object({ text: Type.String(), format: Type.String() })),
    attachments: Type.Array(Type.Object({ type: Type.String(), name: Type.String(), uri: Type.String() })),
    parts: Type.Array(
      Type.Object({
        part: Type.Integer(),
        ref: Type.String(),
        status: Nullable(Type.String()),
        code: Nullable(Type.String()),
        cost: Nullable(Price)
      })
    ),
    story: Type.Array(Type.Object({ kind: Type.String(), at: Time }, { additionalProperties: true }), {
      description:
        'What happened, in order: accepted, attempt, status, noted, returned, gathered, replayed, ended, crm …'
    })
  },
  { title: 'MessageWithStory' }
)

const Filter = Type.Object(
  {
    ...Page,
    ...MESSAGE_FILTER,
    state: Type.Optional(MESSAGE.state)
  },
  { additionalProperties: false }
)

/** `/messages`: search, and a message's whole story. */
export const messageApi =
  ({ database }: { database: Pick<Database, 'db'> }): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/messages',
      {
        config: { scope: 'read' },
        schema: {
          summary: 'Messages, the newest first',
          querystring: Filter,
          response: { 200: ListOf(Message) }
        }
      },
      ({ query: { limit, cursor, registration, state, ...asked }, client }) =>
        searching(database, tx =>
          paged(
            { limit, cursor },
            slice =>
              listMessages(
                { db: tx },
                { ...filterOf(asked), registrationId: visible(client, registration), state },
                slice
              ),
            shown
          )
        )
    )

    app.get(
      '/messages/:id',
      {
        config: { scope: 'read' },
        schema: { summary: 'One message and its story', params: ById, response: { 200: WholeMessage } }
      },
      ({ params: { id }, client }) =>
        searching(database, async tx => {
          const [message] = await findMessages({ db: tx }, { id })
          if (!message) throw new Missing('message')
          mayTouch(client, message.registrationId)
          return whole(tx, message)
        })
    )
  }

async function whole(db: Executor, message: FoundMessage) {
  const { body, parts } = message
  return {
    ...shown(message),
    subject: body.subject,
    content: body.content,
    attachments: [...body.attachments],
    parts: parts.map(({ code = null, cost = null, ...part }) => ({ ...part, code, cost })),
    story: await storyOf({ db }, message)
  }
}

const shown = ({ registrationId, acceptedAt, dueAt, notBefore, expiresAt, settledAt, ...message }: ListedMessage) => ({
  ...message,
  registration: registrationId,
  acceptedAt: acceptedAt.toISOString(),
  dueAt: isoOf(dueAt),
  notBefore: isoOf(notBefore),
  expiresAt: isoOf(expiresAt),
  settledAt: isoOf(settledAt)
})
