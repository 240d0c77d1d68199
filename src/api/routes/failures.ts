import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { listFailures, replaysOfGroups } from '../../messages/failures.ts'
import type { Database } from '../../postgres/connect.ts'
import { visible } from '../authorize.ts'
import { Wrong } from '../errors.ts'
import { Id, Nullable, Time } from '../lists.ts'
import { searching } from '../search.ts'
import { GivenTime, Text } from '../validate.ts'

/** Without `since`. */
const DEFAULT_MS = 7 * 24 * 3_600_000

const Failure = Type.Object(
  {
    channel: Type.String(),
    failure: Type.String({ description: 'The name of the group, in a `filter`' }),
    reason: Nullable(
      Type.String({ description: 'Its first 300 characters, with … for addresses, ids and numbers, which vary' })
    ),
    code: Nullable(Type.String({ description: "The gateway's own code" })),
    count: Type.Integer(),
    firstAt: Time,
    lastAt: Time,
    sample: Type.Object(
      { id: Id, contact: Type.String(), registration: Id, reason: Nullable(Type.String()) },
      { description: 'The newest of its messages' }
    ),
    filter: Type.Object(
      {
        channel: Type.String(),
        failure: Type.String(),
        registration: Type.Optional(Id),
        settledSince: Time,
        settledUntil: Type.Optional(Time)
      },
      { description: 'The very messages that are counted, for `GET /messages` and `POST /messages/replay`' }
    ),
    replaying: Nullable({ ...Id, description: 'The operation that replays the group now' })
  },
  { title: 'Failure' }
)

interface Deps {
  database: Pick<Database, 'db'>
  now: () => Date
}

/** `GET /failures`. */
export const failureApi =
  ({ database, now }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/failures',
      {
        config: { scope: 'read' },
        schema: {
          summary: 'Failed messages by channel and reason, the most frequent first',
          description:
            'Of the last 7 days, unless `since` and `until` say another time: when a message failed, or when the gateway took the one that failed later. `filter` of a group is what `POST /messages/replay` takes to send it once more.',
          querystring: Type.Object(
            {
              registration: Type.Optional(Id),
              channel: Type.Optional(Text(100)),
              since: Type.Optional(GivenTime),
              until: Type.Optional(GivenTime),
              limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100 }))
            },
            { additionalProperties: false }
          ),
          response: {
            200: Type.Object({
              items: Type.Array(Failure),
              isCut: Type.Boolean({ description: 'There are more groups' })
            })
          }
        }
      },
      ({ query: { registration, channel, limit = 100, ...time }, client }) => {
        const registrationId = visible(client, registration)
        const { since, until } = timesOf(time, now())
        const given = {
          ...(registrationId === undefined ? {} : { registration: registrationId }),
          settledSince: since.toISOString(),
          ...(until ? { settledUntil: until.toISOString() } : {})
        }
        return searching(database, async tx => {
          const found = await listFailures(tx, { registrationId, channel, since, until, limit: limit + 1 })
          const replaying = await replaysOfGroups(tx, { registrationId, only: client.registrationId })
          const items = found.slice(0, limit).map(({ firstAt, lastAt, ...group }) => ({
            ...group,
            firstAt: firstAt.toISOString(),
            lastAt: lastAt.toISOString(),
            filter: { channel: group.channel, failure: group.failure, ...given },
            replaying: replaying(group)
          }))
          return { items, isCut: found.length > limit }
        })
      }
    )
  }

function timesOf(given: { since?: string; until?: string }, now: Date): { since: Date; until: Date | undefined } {
  const until = given.until === undefined ? undefined : new Date(given.until)
  const since = given.since === undefined ? new Date((until ?? now).getTime() - DEFAULT_MS) : new Date(given.since)
  if (until && until <= since) throw new Wrong('"until" is to be after "since"')
  return { since, until }
}
