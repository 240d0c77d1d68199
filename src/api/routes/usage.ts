import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { USAGE_BY, usageOf } from '../../messages/usage.ts'
import type { Database } from '../../postgres/connect.ts'
import { visible } from '../authorize.ts'
import { Wrong } from '../errors.ts'
import { Id, Nullable, Time } from '../lists.ts'
import { searching } from '../search.ts'
import { GivenTime } from '../validate.ts'

/** Rows of one answer, and the time that they may be about: all messages of it are read. */
const MAX_ROWS = 5_000
const LONGEST_MS = 93 * 24 * 3_600_000
const DEFAULT_MS = 30 * 24 * 3_600_000

const BY = USAGE_BY.join('|')

const Usage = Type.Object(
  {
    since: Time,
    until: Time,
    items: Type.Array(
      Type.Object({
        day: Nullable(Type.String({ description: 'In UTC, as 2026-01-31' })),
        registration: Nullable(Id),
        tag: Nullable(Type.String()),
        category: Nullable(Type.String({ description: "The gateway's word" })),
        unit: Nullable(Type.String({ description: 'What is charged; null: the gateway has told no price' })),
        currency: Nullable(Type.String()),
        messages: Type.Integer(),
        failed: Type.Integer({ description: 'Of these' }),
        count: Type.Number({ description: 'Units' }),
        amount: Type.Number({ description: 'In `currency`, as far as gateways tell it' })
      })
    ),
    isCut: Type.Boolean({ description: `There are more than ${MAX_ROWS} rows: narrow it down` })
  },
  { title: 'Usage' }
)

interface Deps {
  database: Pick<Database, 'db'>
  now: () => Date
}

/** `GET /usage`. */
export const usageApi =
  ({ database, now }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/usage',
      {
        config: { scope: 'read' },
        schema: {
          summary: 'Messages that were sent or failed, and what gateways charged for them',
          description: 'Of the last 30 days, unless `since` and `until` say another time of at most 93 days.',
          querystring: Type.Object(
            {
              by: Type.Optional(
                Type.String({
                  maxLength: 100,
                  pattern: `^(${BY})(,(${BY}))*$`,
                  description: `One or several of ${USAGE_BY.join(', ')}, separated by commas`
                })
              ),
              registration: Type.Optional(Id),
              since: Type.Optional(GivenTime),
              until: Type.Optional(GivenTime)
            },
            { additionalProperties: false }
          ),
          response: { 200: Usage }
        }
      },
      async ({ query: { by = 'day', registration, ...time }, client }) => {
        const until = time.until === undefined ? now() : new Date(time.until)
        const since = time.since === undefined ? new Date(until.getTime() - DEFAULT_MS) : new Date(time.since)
        const ms = until.getTime() - since.getTime()
        if (ms <= 0 || ms > LONGEST_MS) throw new Wrong('"until" is to be after "since", and at most 93 days after it')
        const wanted = new Set(by.split(','))
        const items = await searching(database, tx =>
          usageOf(tx, {
            by: USAGE_BY.filter(name => wanted.has(name)),
            registrationId: visible(client, registration),
            since,
            until,
            limit: MAX_ROWS + 1
          })
        )
        return {
          since: since.toISOString(),
          until: until.toISOString(),
          items: items.slice(0, MAX_ROWS),
          isCut: items.length > MAX_ROWS
        }
      }
    )
  }
