import { isUtf8 } from 'node:buffer'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { READ } from '../../inbound/call-readings.ts'
import {
  type CallFilter,
  countCalls,
  type ListedCall,
  listCalls,
  listDays,
  openCall,
  sealedCalls
} from '../../inbound/received-webhooks.ts'
import type { ReplayCalls } from '../../inbound/replay-webhooks.ts'
import type { Database } from '../../postgres/connect.ts'
import type { KeyWrap } from '../../secrets/secrets.ts'
import { writeAudit } from '../audit.ts'
import { mayTouch, visible } from '../authorize.ts'
import { EitherOf, Missing } from '../errors.ts'
import { ById, Id, isoOf, ListOf, Nullable, Page, paged, Time } from '../lists.ts'
import { searching } from '../search.ts'
import type { Client } from '../tokens.ts'
import { GivenTime } from '../validate.ts'

const CALL = {
  id: Id,
  registration: Id,
  receivedAt: Time,
  bytes: Type.Integer({ description: 'Of the body' }),
  kept: Type.Boolean({ description: 'The body is there; false: it was too large' }),
  events: Type.Integer({ description: 'Events that the channel made of it, but for its own notes' }),
  skipped: Type.Record(Type.String(), Type.Integer(), { description: 'What became no event: why, and how many' }),
  failed: Nullable(Type.String({ description: 'Why it, or some of it, could not be read or stored' })),
  replayedAt: Nullable(Time)
}

const Call = Type.Object(CALL, { title: 'ReceivedWebhook' })

const WholeCall = Type.Object(
  {
    ...CALL,
    request: Nullable(
      Type.Object({
        method: Type.String(),
        contentType: Nullable(Type.String()),
        query: Type.Object({}, { additionalProperties: true }),
        body: Type.String(),
        encoding: Type.Enum(['utf8', 'base64'], { description: 'Of `body`' })
      })
    )
  },
  { title: 'ReceivedWebhookWithBody' }
)

const Day = Type.Object(
  {
    registration: Id,
    day: Type.String({ description: 'In UTC, as 2026-01-31' }),
    bytes: Type.Integer({ description: 'What its calls take, sealed' }),
    refused: Type.Integer({ description: 'Calls that were not genuine; nothing else is kept of them' }),
    unkept: Type.Integer({ description: 'Genuine calls that were read and not kept, for LV_PLUGIN_QUOTA_WEBHOOKS' })
  },
  { title: 'WebhookDay' }
)

const FILTER = {
  since: Type.Optional(GivenTime),
  until: Type.Optional(GivenTime),
  read: Type.Optional(
    Type.Enum(['all', ...READ], {
      default: 'all',
      description: 'How they were read: to events, skipped in part or whole, or failed'
    })
  )
}

/** Most calls of one replay, and the time after which it begins no other: somebody waits for the answer. */
const MAX_REPLAYED = 1_000
const REPLAY_MS = 20_000

const Replay = Type.Object(
  {
    registration: Type.Optional(Id),
    ids: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: MAX_REPLAYED, uniqueItems: true })),
    filter: Type.Optional(Type.Object(FILTER, { additionalProperties: false })),
    after: Type.Optional(Type.Integer({ ...Id, description: 'The `next` of the answer before, to go on after it' })),
    dryRun: Type.Optional(Type.Boolean())
  },
  { additionalProperties: false }
)

const Replayed = Type.Object(
  {
    dryRun: Type.Boolean(),
    found: Type.Integer({ description: 'Calls that were looked at; of a dry run, those that can be replayed' }),
    replayed: Type.Integer({ description: 'Of these: the others have no body, or their settings are not complete' }),
    events: Type.Integer({ description: 'Messages and statuses in them; those that were known change nothing' }),
    skipped: Type.Integer({ description: 'Calls of which something still became no event' }),
    failed: Type.Integer(),
    next: Nullable(Id)
  },
  { title: 'WebhookReplay' }
)

interface Deps {
  database: Pick<Database, 'db'>
  keys: KeyWrap
  replayCalls: ReplayCalls
}

/** `/webhooks/received`: calls of gateways as they came, and how they were read. */
export const receivedApi =
  ({ database, keys, replayCalls }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/webhooks/received',
      {
        config: { scope: 'read' },
        schema: {
          summary: 'Calls of gateways, the newest first',
          querystring: Type.Object(
            { ...Page, registration: Type.Optional(Id), ...FILTER },
            { additionalProperties: false }
          ),
          response: { 200: ListOf(Call) }
        }
      },
      ({ query: { registration, since, until, read, ...page }, client }) =>
        searching(database, tx =>
          paged(
            page,
            slice =>
              listCalls(
                { db: tx },
                { registrationId: visible(client, registration), ...filterOf({ since, until, read }) },
                slice
              ),
            shown
          )
        )
    )

    app.get(
      '/webhooks/received/days',
      {
        config: { scope: 'read' },
        schema: {
          summary: 'What the calls of a registration take in a day, and how many were not kept',
          querystring: Type.Object({ ...Page, registration: Type.Optional(Id) }, { additionalProperties: false }),
          response: { 200: ListOf(Day) }
        }
      },
      ({ query: { registration, ...page }, client }) =>
        searching(database, tx =>
          paged(
            page,
            slice => listDays({ db: tx }, { registrationId: visible(client, registration) }, slice),
            ({ id: _, registrationId, ...day }) => ({ ...day, registration: registrationId })
          )
        )
    )

    app.get(
      '/webhooks/received/:id',
      {
        config: { scope: 'operate' },
        schema: {
          summary: 'One call with its body',
          description:
            'As the gateway sent it, with what customers wrote. Headers are not shown, since they may have what proves the gateway.',
          params: ById,
          response: { 200: WholeCall }
        }
      },
      ({ params: { id }, client }) =>
        searching(database, async tx => {
          const [call] = await sealedCalls({ db: tx }, { ids: [id] }, { limit: 1 })
          if (!call) throw new Missing('call')
          mayTouch(client, call.registrationId)
          const { keyId: _, key: __, sealed: ___, ...rest } = call
          return { ...shown(rest), request: requestOf(openCall(keys, call)?.request) }
        })
    )

    app.post(
      '/webhooks/received/replay',
      {
        config: { scope: 'operate' },
        schema: {
          summary: 'Read calls of gateways once more',
          description: `As the channel is now, in the order in which they came. What is known already changes nothing. At most ${MAX_REPLAYED}, and no more than fit into ${REPLAY_MS / 1_000} s: \`next\`, given as \`after\`, goes on. With \`dryRun\` they are counted only.`,
          body: Replay,
          response: { 200: Replayed }
        }
      },
      async ({ body: { registration, ids, filter, after, dryRun = false }, client }) => {
        if ((ids === undefined) === (filter === undefined)) throw new EitherOf('ids', 'filter')
        const registrationId = visible(client, registration)
        await mayTouchAll(client, ids)
        const wanted = { ids, registrationId, ...filterOf(filter ?? {}) }
        const nothing = { replayed: 0, events: 0, skipped: 0, failed: 0, next: null }
        if (dryRun)
          return { dryRun, found: await searching(database, tx => countCalls({ db: tx }, wanted)), ...nothing }
        // Before, and not beside, what is done call by call: nothing is replayed that is not in the audit.
        await writeAudit(database.db, {
          actor: client.actor,
          action: 'webhooks.replayed',
          registrationId,
          details: { ids, filter, after }
        })
        const enough = AbortSignal.timeout(REPLAY_MS)
        return { dryRun, ...(await replayCalls(wanted, { limit: MAX_REPLAYED, after, enough })) }
      }
    )

    async function mayTouchAll(client: Client, ids: readonly number[] = []): Promise<void> {
      if (ids.length === 0) return
      for (const call of await listCalls(database, { ids }, { limit: ids.length }))
        mayTouch(client, call.registrationId)
    }
  }

interface GivenFilter {
  since?: string | undefined
  until?: string | undefined
  read?: 'all' | CallFilter['read']
}

const filterOf = ({ since, until, read }: GivenFilter): CallFilter => ({
  since: since === undefined ? undefined : new Date(since),
  until: until === undefined ? undefined : new Date(until),
  read: read === 'all' ? undefined : read
})

const shown = ({ registrationId, receivedAt, replayedAt, ...call }: ListedCall) => ({
  ...call,
  registration: registrationId,
  receivedAt: receivedAt.toISOString(),
  replayedAt: isoOf(replayedAt)
})

type Request = NonNullable<ReturnType<typeof openCall>>['request']

function requestOf(request: Request | undefined) {
  if (!request) return null
  const { method, headers, query, body } = request
  const encoding = isUtf8(body) ? ('utf8' as const) : ('base64' as const)
  const contentType = [headers['content-type']].flat()[0] ?? null
  return { method, contentType, query: { ...query }, body: body.toString(encoding), encoding }
}
