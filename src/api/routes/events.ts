import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { EVENT_TYPES, type EventType } from '../../events/event.ts'
import { eventFacts } from '../../events/event-facts.ts'
import { endOfFeed, type FeedFilter, type FeedPage, readFeed } from '../../events/feed.ts'
import type { WaitingReaders } from '../../events/waiting-readers.ts'
import { within } from '../../http-client/timeout.ts'
import type { Database } from '../../postgres/connect.ts'
import { visible } from '../authorize.ts'
import { TooFast } from '../errors.ts'
import { Event } from '../event.ts'
import { Id } from '../lists.ts'

interface Deps {
  database: Pick<Database, 'db' | 'pool'>
  readers: WaitingReaders
}

/** The longest long poll: below what proxies wait for an answer. */
const MAX_WAIT_S = 30
/** Requests of one token that wait at the same time. */
const MAX_WAITING = 10
/** A request that may not wait looks so long through events that it does not want. */
const SEARCH_MS = 1_000

const ONE_TYPE = `(${EVENT_TYPES.map(type => type.replace('.', '\\.')).join('|')})`

const Asked = Type.Object(
  {
    after: Type.Optional(
      Type.String({
        pattern: '^(latest|0|[1-9][0-9]{0,14})$',
        description:
          'The `next` of the answer before. Without it the feed begins at the oldest event that is kept; `latest` answers its present end at once, and no events'
      })
    ),
    types: Type.Optional(
      Type.String({
        pattern: `^${ONE_TYPE}(,${ONE_TYPE})*$`,
        maxLength: 500,
        description: `Parted by commas: ${EVENT_TYPES.join(', ')}`
      })
    ),
    registration: Type.Optional(Id),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100 })),
    wait: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_WAIT_S,
        default: 0,
        description: 'While there is nothing, the answer waits so many seconds'
      })
    )
  },
  { additionalProperties: false }
)

const Feed = Type.Object({
  events: Type.Array(Event),
  next: Type.String({ description: 'Give it as `after` to go on; also where there are no events' })
})

/** `/events`: what happened, in order. */
export const eventApi =
  ({ database, readers }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    const waiting = new Map<string, number>()
    // The server waits for requests that are under way.
    app.addHook('preClose', async () => readers.close())

    app.get(
      '/events',
      {
        config: { scope: 'events' },
        schema: {
          summary: 'What happened, in order',
          description:
            'Each event is there once, and none is skipped by going on from `next`. Events of one contact are in the order in which they happened. They are kept for `LV_PLUGIN_EVENTS`. At most ten requests of a token wait at the same time.',
          querystring: Asked,
          response: { 200: Feed }
        }
      },
      async ({ query: { after = '0', types, registration, limit = 100, wait = 0 }, client }, reply) => {
        const gone = goneWith(reply)
        const registrationId = visible(client, registration)
        if (after === 'latest') return { events: [], next: String(await endOfFeed(database, gone)) }
        const wanted = { after: Number(after), registrationId, types: types?.split(',') as EventType[] | undefined }
        if (wait > 0) begin(client.key, reply)
        try {
          const { events, next } = await within(
            Math.max(wait * 1_000, SEARCH_MS),
            enough => firstPage(wanted, limit, { enough, waits: wait > 0 }),
            gone
          )
          return { events: events.map(event => eventFacts(event) as Static<typeof Event>), next: String(next) }
        } finally {
          if (wait > 0) end(client.key)
        }
      }
    )

    function begin(key: string, reply: FastifyReply): void {
      const count = waiting.get(key) ?? 0
      if (count >= MAX_WAITING) {
        reply.header('retry-after', 1)
        throw new TooFast(`${MAX_WAITING} requests of this token wait already`)
      }
      waiting.set(key, count + 1)
    }

    function end(key: string): void {
      const count = waiting.get(key) ?? 1
      if (count > 1) waiting.set(key, count - 1)
      else waiting.delete(key)
    }

    /** The next page that has events, if there is one before it is enough. */
    async function firstPage(
      wanted: FeedFilter,
      limit: number,
      { enough, waits }: { enough: AbortSignal; waits: boolean }
    ): Promise<FeedPage> {
      let page = await readFeed(database, wanted, limit)
      while (page.events.length === 0 && (page.more || waits) && !enough.aborted && !readers.isClosed) {
        if (!page.more) await readers.wait(page.next, enough)
        page = await readFeed(database, { ...wanted, after: page.next }, limit)
      }
      return page
    }
  }

/** Aborts when the client is there no more, or has its answer. */
function goneWith(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  return gone.signal
}
