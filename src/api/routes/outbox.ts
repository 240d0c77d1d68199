import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { countReplayable, type ListedItem, listItems } from '../../outbox/queries.ts'
import { replayItemsIn } from '../../outbox/replay.ts'
import type { Database } from '../../postgres/connect.ts'
import { writeAudit } from '../audit.ts'
import { visible } from '../authorize.ts'
import { Id, isoOf, ListOf, Nullable, Page, paged, Time } from '../lists.ts'
import { searching } from '../search.ts'

const STATES = ['waiting', 'delivered', 'stopped', 'parked'] as const
const State = Type.Enum([...STATES])

const Item = Type.Object(
  {
    id: Id,
    registration: Id,
    contact: Type.String(),
    kind: Type.Enum(['status', 'incoming']),
    body: Type.Object({}, { additionalProperties: true, description: 'The claim that the CRM gets' }),
    state: State,
    attempts: Type.Integer(),
    reason: Nullable(Type.String()),
    createdAt: Time,
    dueAt: Nullable(Time),
    settledAt: Nullable(Time)
  },
  { title: 'OutboxItem' }
)

/** Most items of one replay: one transaction holds the conversations of them all. */
const MAX_REPLAYED = 500

interface Deps {
  database: Pick<Database, 'db'>
  now: () => Date
}

/** `/outbox`: what the CRM is told, and what it did not take. */
export const outboxApi =
  ({ database, now }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/outbox',
      {
        config: { scope: 'read' },
        schema: {
          summary: 'Outbox items, the newest first',
          querystring: Type.Object(
            { ...Page, registration: Type.Optional(Id), state: Type.Optional(State) },
            { additionalProperties: false }
          ),
          response: { 200: ListOf(Item) }
        }
      },
      ({ query: { registration, state, ...page }, client }) =>
        searching(database, tx =>
          paged(
            page,
            slice => listItems({ db: tx }, { registrationId: visible(client, registration), state }, slice),
            shown
          )
        )
    )

    app.post(
      '/outbox/replay',
      {
        config: { scope: 'operate' },
        schema: {
          summary: 'Offer items to the CRM once more that it did not take',
          description: `Parked and stopped items alone, and none whose message the CRM has heard a later status of. With \`dryRun\` they are counted only.`,
          body: Type.Object(
            {
              ids: Type.Array(Id, { minItems: 1, maxItems: MAX_REPLAYED, uniqueItems: true }),
              dryRun: Type.Optional(Type.Boolean())
            },
            { additionalProperties: false }
          ),
          response: { 200: Type.Object({ dryRun: Type.Boolean(), asked: Type.Integer(), replayed: Type.Integer() }) }
        }
      },
      async ({ body: { ids, dryRun = false }, client }) => {
        const registrationId = visible(client, undefined)
        const own =
          registrationId === undefined
            ? ids
            : (await listItems(database, { ids, registrationId }, { limit: ids.length })).map(({ id }) => id)
        const replayed = dryRun
          ? await countReplayable(database, { ids: own }, now())
          : await database.db.transaction(async tx => {
              const replayed = await replayItemsIn(tx, own, now())
              await writeAudit(tx, {
                actor: client.actor,
                action: 'outbox.replayed',
                registrationId,
                details: { ids: own, replayed }
              })
              return replayed
            })
        return { dryRun, asked: ids.length, replayed }
      }
    )
  }

const shown = ({ registrationId, createdAt, offeredSince: _, dueAt, settledAt, ...item }: ListedItem) => ({
  ...item,
  registration: registrationId,
  createdAt: createdAt.toISOString(),
  dueAt: isoOf(dueAt),
  settledAt: isoOf(settledAt)
})
