import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { type AskedMessages, countMessages, newestId } from '../../messages/queries.ts'
import {
  cancelOperation,
  listOperations,
  MOST_RUNNING,
  type Operation as Row,
  replayableOf,
  startReplay
} from '../../messages/replay-operations.ts'
import type { Database } from '../../postgres/connect.ts'
import { listRegistrations } from '../../registrations/list.ts'
import { writeAudit } from '../audit.ts'
import { mayTouch, visible } from '../authorize.ts'
import { Conflict, EitherOf, Missing } from '../errors.ts'
import { ById, Id, isoOf, ListOf, Nullable, Page, paged, Time } from '../lists.ts'
import { searching } from '../search.ts'
import type { Client } from '../tokens.ts'
import { CHOSEN_MESSAGES } from './message-filter.ts'

const State = Type.Enum(['running', 'done', 'cancelled', 'failed'])

const Operation = Type.Object(
  {
    id: Id,
    kind: Type.String({ description: 'messages.replay' }),
    state: State,
    registration: Nullable(Id),
    actor: Type.String(),
    filter: Nullable(Type.Object({}, { additionalProperties: true, description: 'As it was given; null: ids were' })),
    perSecond: Nullable(Type.Integer()),
    total: Type.Integer({ description: 'Messages at the start' }),
    seen: Type.Integer({ description: 'Messages that were looked at so far' }),
    changed: Type.Integer({ description: 'Of these: they had failed, and wait now' }),
    percent: Type.Integer(),
    error: Nullable(Type.String({ description: 'Why it failed' })),
    createdAt: Time,
    endedAt: Nullable(Time)
  },
  { title: 'Operation' }
)

interface Deps {
  database: Pick<Database, 'db'>
  now: () => Date
}

/** `/messages/replay` and `/operations`: work that goes on in the background. */
export const operationApi =
  ({ database, now }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    app.post(
      '/messages/replay',
      {
        config: { scope: 'operate' },
        schema: {
          summary: 'Send failed messages once more, in the background',
          description: `Those too that the gateway took and reported an error of. They go to the heads of their conversations, and the CRM gets their statuses anew. \`operation\` tells how far it is; it is done at once where no message had failed. At most ${MOST_RUNNING.ofAll} run at a time, of one registration ${MOST_RUNNING.ofOne}.`,
          body: Type.Object(
            {
              ...CHOSEN_MESSAGES,
              perSecond: Type.Optional(
                Type.Integer({ minimum: 1, maximum: 1_000, description: 'Without it: as fast as they go' })
              )
            },
            { additionalProperties: false }
          ),
          response: {
            200: Type.Object({
              dryRun: Type.Boolean(),
              total: Type.Integer({ description: 'Messages that had failed' }),
              operation: Nullable(Operation)
            })
          }
        }
      },
      async ({ body: { ids, filter, perSecond = null, dryRun = false }, client }) => {
        if ((ids === undefined) === (filter === undefined)) throw new EitherOf('ids', 'filter')
        const { registration, ...asked } = filter ?? {}
        const registrationId = visible(client, registration) ?? null
        if (registration !== undefined) await refuseMissing(registration)
        const request = filter ? { filter: asked } : { ids }
        const { total, endId } = await searching(database, async tx => ({
          total: await countMessages({ db: tx }, replayableOf({ request, registrationId })),
          endId: await newestId({ db: tx })
        }))
        if (dryRun) return { dryRun, total, operation: null }
        const { actor } = client
        return database.db.transaction(async tx => {
          const operation = await startReplay(tx, { actor, registrationId, request, perSecond, total, endId }, now())
          if (typeof operation === 'string') throw tooMany(operation)
          await writeAudit(tx, {
            actor,
            action: 'messages.replayed',
            registrationId,
            details: { operation: operation.id, ids, filter, perSecond, total }
          })
          return { dryRun, total, operation: shown(operation) }
        })
      }
    )

    app.get(
      '/operations',
      {
        config: { scope: 'operate' },
        schema: {
          summary: 'Operations of the last 30 days, the newest first',
          querystring: Type.Object(
            { ...Page, registration: Type.Optional(Id), state: Type.Optional(State) },
            { additionalProperties: false }
          ),
          response: { 200: ListOf(Operation) }
        }
      },
      ({ query: { registration, state, ...page }, client }) =>
        paged(
          page,
          slice => listOperations(database, { registrationId: visible(client, registration), state }, slice),
          shown
        )
    )

    app.get(
      '/operations/:id',
      {
        config: { scope: 'operate' },
        schema: { summary: 'One operation, and how far it is', params: ById, response: { 200: Operation } }
      },
      async ({ params: { id }, client }) => shown(await one(id, client))
    )

    app.post(
      '/operations/:id/cancel',
      {
        config: { scope: 'operate' },
        schema: {
          summary: 'End a running operation; what it has done stays done',
          params: ById,
          response: { 200: Operation }
        }
      },
      async ({ params: { id }, client }) => {
        await one(id, client)
        const cancelled = await database.db.transaction(async tx => {
          const row = await cancelOperation(tx, id, now())
          if (row) {
            const { registrationId, total, seen, changed } = row
            const details = { operation: id, total, seen, changed }
            await writeAudit(tx, { actor: client.actor, action: 'operation.cancelled', registrationId, details })
          }
          return row
        })
        if (cancelled) return shown(cancelled)
        const { state } = await one(id, client)
        throw new Conflict(`Operation ${id} is ${state}: there is nothing to cancel any more`)
      }
    )

    async function one(id: number, client: Client): Promise<Row> {
      const [row] = await listOperations(database, { id }, { limit: 1 })
      if (!row) throw new Missing('operation')
      mayTouch(client, row.registrationId)
      return row
    }

    async function refuseMissing(id: number): Promise<void> {
      const found = await listRegistrations(database, now(), { id })
      if (found.length === 0) throw new Missing('registration')
    }
  }

const tooMany = (whose: 'ofOne' | 'ofAll') =>
  new Conflict(
    `${MOST_RUNNING[whose]} operations ${whose === 'ofOne' ? 'of this registration ' : ''}are running, as many as may be: wait until one of them has ended, or cancel one (GET /operations?state=running)`
  )

const shown = ({ registrationId, request, createdAt, endedAt, lastId: _, endId: __, ...operation }: Row) => ({
  ...operation,
  registration: registrationId,
  filter: (request as { filter?: AskedMessages }).filter ? { ...(request as { filter: AskedMessages }).filter } : null,
  percent: percentOf(operation),
  createdAt: createdAt.toISOString(),
  endedAt: isoOf(endedAt)
})

/** Messages that fail meanwhile are looked at, too, so that more may be seen than there were. */
const percentOf = ({ state, total, seen }: Pick<Row, 'state' | 'total' | 'seen'>) =>
  state === 'done' || total === 0 ? 100 : Math.min(state === 'running' ? 99 : 100, Math.floor((100 * seen) / total))
