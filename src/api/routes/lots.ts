import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { cancelLot } from '../../lots/cancel.ts'
import { type ListedLot, listLots, troublesOf } from '../../lots/list.ts'
import { LOT_STATES } from '../../lots/lot-state.ts'
import { seal } from '../../lots/place.ts'
import { countRetries, retriesOf } from '../../lots/retry.ts'
import { resumeLot } from '../../lots/schedule.ts'
import { replayMessages } from '../../messages/replay.ts'
import type { Meter } from '../../metrics/meter.ts'
import type { Database, Executor } from '../../postgres/connect.ts'
import { type NewEntry, writeAudit } from '../audit.ts'
import { mayTouch, visible } from '../authorize.ts'
import { Conflict, Missing } from '../errors.ts'
import { ById, Id, isoOf, ListOf, Nullable, Page, paged, Time } from '../lists.ts'
import { searching } from '../search.ts'
import type { Client } from '../tokens.ts'

const LOT = {
  id: Id,
  registration: Id,
  name: Type.String(),
  state: Type.Enum([...LOT_STATES], { description: '`unknown`: nobody knows whether `step` was done' }),
  step: Nullable(Type.String({ description: 'In which it ended, or is' })),
  code: Nullable(Type.String({ description: 'Of its failure' })),
  retryable: Type.Boolean({ description: 'Its messages may be sent once more' }),
  items: Type.Integer({ description: 'Messages in it' }),
  counts: Type.Record(Type.String(), Type.Integer(), { description: 'Its messages by what became of them' }),
  ref: Nullable(Type.String({ description: "The gateway's id" })),
  attempts: Type.Integer(),
  reason: Nullable(Type.String()),
  createdAt: Time,
  sealsAt: Time,
  dueAt: Nullable(Type.String({ description: 'ISO 8601: it goes on then; null: now, or never' })),
  openedAt: Nullable(Time),
  endedAt: Nullable(Time)
}

const Lot = Type.Object(LOT, { title: 'Lot' })

const WholeLot = Type.Object(
  {
    ...LOT,
    troubles: Type.Array(
      Type.Object({ message: Id, contact: Type.String(), state: Type.String(), reason: Nullable(Type.String()) }),
      { description: 'The first of its messages that were not sent' }
    )
  },
  { title: 'LotWithTroubles' }
)

/** A lot may have thousands of failed messages, and a few show the reason. */
const TROUBLES = 20
/** Messages of one transaction: its locks hold up the hosts. */
const BATCH = 500

interface Deps {
  database: Pick<Database, 'db'>
  now: () => Date
  meter: Meter
}

/** `/lots`: messages that are sent together. */
export const lotApi =
  ({ database, now, meter }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/lots',
      {
        config: { scope: 'read' },
        schema: {
          summary: 'Lots, the newest first',
          querystring: Type.Object(
            { ...Page, registration: Type.Optional(Id), state: Type.Optional(LOT.state) },
            { additionalProperties: false }
          ),
          response: { 200: ListOf(Lot) }
        }
      },
      ({ query: { registration, state, ...page }, client }) =>
        searching(database, tx =>
          paged(
            page,
            slice => listLots({ db: tx }, { registrationId: visible(client, registration), state }, slice),
            shown
          )
        )
    )

    app.get(
      '/lots/:id',
      {
        config: { scope: 'read' },
        schema: { summary: 'One lot, and its messages that were not sent', params: ById, response: { 200: WholeLot } }
      },
      async ({ params: { id }, client }) => whole(await one(id, client))
    )

    app.post(
      '/lots/:id/process',
      {
        config: { scope: 'operate' },
        schema: {
          summary: 'Have a host go on with a lot now, even if it waits for a later time',
          params: ById,
          body: Nullable(
            Type.Object(
              {
                forceClose: Type.Optional(
                  Type.Boolean({ description: 'A lot that still collects: close it to further messages now' })
                )
              },
              { additionalProperties: false }
            )
          ),
          response: { 200: WholeLot }
        }
      },
      async ({ params: { id }, body, client }) => {
        const { forceClose = false } = body ?? {}
        const lot = await one(id, client)
        if (lot.endedAt) throw new Conflict(`Lot ${id} has ended: it is ${lot.state}`)
        if (lot.state === 'collecting' && lot.sealsAt > now() && !forceClose)
          throw new Conflict(`Lot ${id} collects until ${lot.sealsAt.toISOString()}; with forceClose it is closed now`)
        await database.db.transaction(async tx => {
          if (forceClose) await seal(tx, id, now())
          await resumeLot(tx, id, now())
          await writeAudit(tx, entryOf(client, lot, 'lot.processed', { forceClose }))
        })
        return whole(await one(id, client))
      }
    )

    app.post(
      '/lots/:id/retry',
      {
        config: { scope: 'operate' },
        schema: {
          summary: 'Send the messages of a lot once more that failed, whatever the reason',
          params: ById,
          body: Nullable(
            Type.Object(
              {
                maxRetries: Type.Optional(
                  Type.Integer({
                    minimum: 1,
                    maximum: 1_000,
                    default: 3,
                    description: 'Leave those that were sent once more so often'
                  })
                ),
                dryRun: Type.Optional(Type.Boolean())
              },
              { additionalProperties: false }
            )
          ),
          response: { 200: Type.Object({ dryRun: Type.Boolean(), replayed: Type.Integer() }) }
        }
      },
      async ({ params: { id }, body, client }) => {
        const { maxRetries = 3, dryRun = false } = body ?? {}
        const lot = await one(id, client)
        if (!lot.endedAt) throw new Conflict(`Lot ${id} has not ended: it is ${lot.state}`)
        const wanted = { lotId: id, maxRetries }
        if (dryRun) return { dryRun, replayed: await countRetries(database, wanted) }
        await writeAudit(database.db, entryOf(client, lot, 'lot.retried', { maxRetries }))
        let replayed = 0
        for await (const ids of retriesOf(database, wanted, BATCH))
          replayed += await replayMessages(database, ids, now())
        return { dryRun, replayed }
      }
    )

    app.post(
      '/lots/:id/cancel',
      {
        config: { scope: 'operate' },
        schema: {
          summary: 'Fail the messages of a lot that have not left; the CRM gets their statuses',
          description: 'Messages that the gateway has stay there, and a host closes the lot.',
          params: ById,
          response: { 200: WholeLot }
        }
      },
      async ({ params: { id }, client }) => {
        const lot = await one(id, client)
        const written = (tx: Executor) => writeAudit(tx, entryOf(client, lot, 'lot.cancelled'))
        const cancelled = await cancelLot(database, id, now(), written, meter)
        if (cancelled.kind === 'none') throw new Missing('lot')
        if (cancelled.kind === 'late')
          throw new Conflict(`Lot ${id} is ${cancelled.state}: there is nothing to cancel any more`)
        if (cancelled.kind === 'busy')
          throw new Conflict(`A host is calling the gateway for lot ${id} at the moment: try again`)
        return whole(await one(id, client))
      }
    )

    async function one(id: number, client: Client): Promise<ListedLot> {
      const [lot] = await listLots(database, { id }, { limit: 1 })
      if (!lot) throw new Missing('lot')
      mayTouch(client, lot.registrationId)
      return lot
    }

    const whole = async (lot: ListedLot) => ({
      ...shown(lot),
      troubles: await troublesOf(database, lot.id, TROUBLES)
    })
  }

const entryOf = (
  { actor }: Client,
  { id, registrationId }: ListedLot,
  action: NewEntry['action'],
  details: object = {}
): NewEntry => ({ actor, action, registrationId, details: { lot: id, ...details } })

const shown = ({ registrationId, counts, createdAt, sealsAt, dueAt, openedAt, endedAt, ...lot }: ListedLot) => ({
  ...lot,
  registration: registrationId,
  counts: { ...counts },
  createdAt: createdAt.toISOString(),
  sealsAt: sealsAt.toISOString(),
  dueAt: endedAt ? null : isoOf(dueAt),
  openedAt: isoOf(openedAt),
  endedAt: isoOf(endedAt)
})
