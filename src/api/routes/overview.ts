import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import type { RuntimeOf } from '../../channels/call-channel.ts'
import type { Database } from '../../postgres/connect.ts'
import { livingHosts } from '../../registrations/living-hosts.ts'
import { byAttention, byChannel, createOverview, type Seen } from '../../registrations/overview.ts'
import { trafficOf } from '../../traffic/read-traffic.ts'
import { mayTouch, visible } from '../authorize.ts'
import { TooManyViewers } from '../errors.ts'
import { Id } from '../lists.ts'
import { liveViewers } from '../live-viewers.ts'
import { searching } from '../search.ts'
import { isStillValid } from '../tokens.ts'
import { Text } from '../validate.ts'
import { ChartPoint, HostState, Overview, shownChannel, shownHost, shownRegistration } from './overview-shape.ts'

/** Registrations of an overview at most. */
const MOST_SHOWN = 100

interface Deps {
  database: Pick<Database, 'db'>
  ready: RuntimeOf
  now: () => Date
  /** The names of the channels that this host has. */
  mountedNames: readonly string[]
}

/** `/overview`, `/hosts` and `/traffic`: how the whole of it is. */
export const overviewApi =
  ({ database, ready, now, mountedNames }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    const config = { scope: 'read' } as const
    const read = createOverview({ database, ready, now, searching })
    const live = liveViewers({
      event: 'overview',
      read,
      failed: error => app.log.warn({ event: 'overview.failed', err: error }, 'overview could not be read; tried again')
    })
    // The server waits for requests that are under way.
    app.addHook('preClose', async () => live.close())

    app.get(
      '/overview',
      {
        config,
        schema: {
          summary: 'Hosts, channels, and the registrations that need attention first',
          description: `At most ${MOST_SHOWN} registrations: those first that are paused or not complete, or where something has waited for more than a minute. A token of one registration sees no hosts.`,
          querystring: Type.Object({}, { additionalProperties: false }),
          response: { 200: Overview }
        }
      },
      async ({ client }) => shown(await read(visible(client, undefined)))
    )

    app.get(
      '/overview/live',
      {
        config,
        schema: {
          summary: 'The overview whenever it changes, as server-sent events',
          description:
            '`event: overview`, with the overview as `data`: at once, then at most every 2 s, with a comment each 15 s. It ends after an hour at the latest, and when the token does; come again. 503 where there are too many viewers.',
          querystring: Type.Object({}, { additionalProperties: false }),
          response: { 200: { description: 'Events', content: { 'text/event-stream': { schema: Type.String() } } } }
        }
      },
      async ({ client }, reply) => {
        const only = client.registrationId
        const stream = live.join({
          key: client.key,
          shown: seen => shown(only === null ? seen : ofOne(seen, only)),
          may: () => isStillValid(database, client)
        })
        if (!stream) {
          reply.header('retry-after', 10)
          throw new TooManyViewers()
        }
        reply.raw.once('close', () => stream.destroy())
        reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no').type('text/event-stream')
        // Its schema describes the text that a stream amounts to.
        return stream as never
      }
    )

    app.get(
      '/hosts',
      {
        config,
        schema: {
          summary: 'Hosts that are alive',
          querystring: Type.Object({}, { additionalProperties: false }),
          response: { 200: Type.Object({ items: Type.Array(HostState) }) }
        }
      },
      async ({ client }) => {
        mayTouch(client, null)
        return { items: (await searching(database, livingHosts)).map(shownHost) }
      }
    )

    app.get(
      '/traffic',
      {
        config,
        schema: {
          summary: 'What was accepted, sent, failed and received, by minutes or quarters of an hour',
          description:
            'Counts of all hosts, some 10 s late; a host that is killed takes its last ones with it. The last point is not over yet.',
          querystring: Type.Object(
            {
              registration: Type.Optional(Id),
              channel: Type.Optional(Text(100)),
              window: Type.Optional(Type.Enum(['hour', 'day'], { default: 'hour' }))
            },
            { additionalProperties: false }
          ),
          response: {
            200: Type.Object({
              step: Type.Integer({ description: 'Seconds of a point' }),
              points: Type.Array(ChartPoint)
            })
          }
        }
      },
      async ({ query: { registration, channel, window = 'hour' }, client }) => {
        const registrationId = visible(client, registration)
        const { step, points } = await searching(database, tx =>
          trafficOf(tx, { window, registrationId, channel }, now())
        )
        return { step, points: points.map(({ at, ...counts }) => ({ at: at.toISOString(), ...counts })) }
      }
    )

    function shown(seen: Seen): Static<typeof Overview> {
      const first = byAttention(seen)
      // A token of one registration learns nothing of the rest, not even which channels there are.
      const names = seen.isWhole ? mountedNames : []
      return {
        at: seen.at.toISOString(),
        hosts: seen.hosts.map(shownHost),
        channels: byChannel(seen.registrations, names).map(channel =>
          shownChannel(channel, mountedNames.includes(channel.channel))
        ),
        registrations: first.slice(0, MOST_SHOWN).map(shownRegistration),
        isCut: first.length > MOST_SHOWN
      }
    }
  }

const ofOne = ({ at, registrations }: Seen, only: number): Seen => ({
  at,
  isWhole: false,
  hosts: [],
  registrations: registrations.filter(({ id }) => id === only)
})
