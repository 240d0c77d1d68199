import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { cancellableIds, cancelMessages, countCancellable, MAX_CANCELLED } from '../../messages/cancel.ts'
import { filterOf } from '../../messages/queries.ts'
import type { Meter } from '../../metrics/meter.ts'
import type { Database } from '../../postgres/connect.ts'
import { writeAudit } from '../audit.ts'
import { visible } from '../authorize.ts'
import { EitherOf } from '../errors.ts'
import { searching } from '../search.ts'
import { CHOSEN_MESSAGES } from './message-filter.ts'

/** Time after which a cancellation begins no other batch: somebody waits for the answer. */
const CANCEL_MS = 20_000

const Cancellation = Type.Object(
  {
    dryRun: Type.Boolean(),
    cancelled: Type.Integer({ description: 'Of a dry run: those that can be' }),
    inHand: Type.Integer({ description: 'Left alone: a host is sending them' }),
    inLots: Type.Integer({ description: 'Left alone: they are in a lot, which is cancelled as a whole' }),
    mayHaveLeft: Type.Integer({ description: 'Left alone: they wait, though something of them may have left, or has' }),
    more: Type.Boolean({ description: 'There was no time for all: ask the same once more' })
  },
  { title: 'MessageCancellation' }
)

interface Deps {
  database: Pick<Database, 'db'>
  now: () => Date
  meter: Meter
}

/** `POST /messages/cancel`. */
export const cancelApi =
  ({ database, now, meter }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    app.post(
      '/messages/cancel',
      {
        config: { scope: 'operate' },
        schema: {
          summary: 'End messages that wait, as failed',
          description: `The CRM is told "error" of its own ones, and all have the reason "cancelled". At most ${MAX_CANCELLED}, and no more than are begun within ${CANCEL_MS / 1_000} s.`,
          body: Type.Object(CHOSEN_MESSAGES, { additionalProperties: false }),
          response: { 200: Cancellation }
        }
      },
      async ({ body: { ids, filter, dryRun = false }, client }) => {
        if ((ids === undefined) === (filter === undefined)) throw new EitherOf('ids', 'filter')
        const { registration, ...asked } = filter ?? {}
        const registrationId = visible(client, registration)
        const wanted = { ...filterOf(asked), ids, registrationId }
        const { found, chosen } = await searching(database, async tx => ({
          found: await countCancellable({ db: tx }, wanted),
          chosen: dryRun ? [] : await cancellableIds({ db: tx }, wanted)
        }))
        const { waiting, ...left } = found
        if (dryRun || chosen.length === 0) return { dryRun, cancelled: dryRun ? waiting : 0, ...left, more: false }

        // Before, and not beside, what is done in batches: nothing is cancelled that is not in the audit.
        await writeAudit(database.db, {
          actor: client.actor,
          action: 'messages.cancelled',
          registrationId,
          details: { ids, filter, waiting }
        })
        const enough = AbortSignal.timeout(CANCEL_MS)
        const { tried, ended } = await cancelMessages(database, chosen, { now, enough, meter })
        return {
          dryRun,
          cancelled: ended,
          ...left,
          // A host has taken those meanwhile.
          inHand: left.inHand + tried - ended,
          more: tried < chosen.length || chosen.length === MAX_CANCELLED
        }
      }
    )
  }
