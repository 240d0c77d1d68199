import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { beforeDeadline, type ReadyChannel, type RuntimeOf } from '../../channels/call-channel.ts'
import type { Mounted } from '../../channels/load.ts'
import { lastPosition } from '../../events/feed.ts'
import { within } from '../../http-client/timeout.ts'
import type { AcceptItems, NewItem } from '../../messages/accept-items.ts'
import type { Database } from '../../postgres/connect.ts'
import { wordsOf } from '../../postgres/sanitize-text.ts'
import { otherWay } from '../../protocol/contact.ts'
import { LIMITS } from '../../protocol/limits.ts'
import { failure, type Result } from '../../protocol/result.ts'
import type { Tracing } from '../../tracing/spans.ts'
import { MissingScope } from '../errors.ts'
import { type How, isBulk, isConditional, MessageItem, readItem } from '../item.ts'
import { ById, Id, Nullable } from '../lists.ts'
import { type MountedRegistrations, mountedRegistration } from '../mounted-registration.ts'
import type { Client } from '../tokens.ts'

/** Most items of one request, and bytes of it: a request of this size is read in some tens of milliseconds. */
const MAX_ITEMS = 1_000
const MAX_BYTES = 8 * 1024 * 1024
/** Items that are read before other requests get their turn. */
const READ_TOGETHER = 50
/** A channel that judges so slowly is asked no more, and its `send` says what is wrong. */
const JUDGE_MS = 5_000

const Results = Type.Object(
  {
    results: Type.Array(
      Type.Object({
        id: Nullable(Type.String({ description: 'As given; null where it was no text' })),
        result: Type.Enum(['accepted', 'duplicate', 'suppressed', 'invalid'], {
          description:
            '`duplicate`: the client has used the id before, and nothing was sent. `suppressed`: the contact does not want it'
        }),
        messageId: Type.Optional(Id),
        reason: Type.Optional(Type.String())
      }),
      { description: 'In the order given' }
    )
  },
  { title: 'ItemResults' }
)

const bodyOf = <Schema extends TSchema>(item: Schema) =>
  Type.Object({ items: Type.Array(item, { minItems: 1, maxItems: MAX_ITEMS }) }, { additionalProperties: false })

interface Deps extends MountedRegistrations {
  database: Pick<Database, 'db'>
  ready: RuntimeOf
  acceptItems: AcceptItems
  tracing: Pick<Tracing, 'traceparentOf'>
  /** Events are kept so long; 0: there are none. */
  eventsMs: number
  now: () => Date
}

/** `POST /registrations/{id}/messages`: messages of API clients. */
export const itemApi =
  ({ database, ready, acceptItems, tracing, eventsMs, now, ...registrations }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    app.post(
      '/registrations/:id/messages',
      {
        bodyLimit: MAX_BYTES,
        // Each item is judged by itself, so the request is valid whatever they are.
        config: { describedBody: bodyOf(MessageItem) },
        schema: {
          summary: 'Send messages',
          description: `At most ${MAX_ITEMS} items. An accepted one is stored for good, and ends as accepted by the gateway or as failed with a reason. A wrong one costs no other.`,
          params: ById,
          body: bodyOf(Type.Unknown()),
          response: { 200: Results }
        }
      },
      async request => {
        const {
          params: { id },
          body: { items },
          client,
          log
        } = request
        assertScopes(client, items)
        const { registration, mounted } = await mountedRegistration(registrations, client, id)
        const lastEvent = items.some(isConditional) ? await lastPosition(database) : 0
        const read = await readAll(items, mounted, { now: now(), eventsMs, lastEvent })
        const judged = await judge(read, id, ready, log)
        const accepted = judged.flatMap(one => (one.ok ? [one.value] : []))
        const traceparent = tracing.traceparentOf(request)
        const answers = (await acceptItems(id, client.name, accepted, registration.contactKey, traceparent)).values()
        return {
          results: judged.map((one, index) => {
            const given = idOf(items[index])
            if (!one.ok) return { id: given, result: 'invalid' as const, reason: one.reason.slice(0, LIMITS.line) }
            const { value: answer } = answers.next()
            if (!answer) throw new Error('An item has no answer')
            const { result, message } = answer
            return { id: given, result, ...(message === null ? {} : { messageId: message }) }
          })
        }
      }
    )
  }

function assertScopes({ scopes }: Client, items: readonly unknown[]): void {
  for (const scope of ['bulk', 'send'] as const)
    if (!scopes.includes(scope) && items.some(item => isBulk(item) === (scope === 'bulk')))
      throw new MissingScope(scope)
}

async function readAll(
  items: readonly unknown[],
  { channel, phones }: Mounted,
  more: Pick<How, 'now' | 'eventsMs' | 'lastEvent'>
): Promise<Result<NewItem>[]> {
  const how = { ...more, otherWay: phones ? otherWay : () => null, templates: channel.templates !== undefined }
  const read: Result<NewItem>[] = []
  for (const item of items) {
    read.push(readItem(item, how))
    if (read.length % READ_TOGETHER === 0) await turn()
  }
  return read
}

/** Refusals that the channel itself knows of. Where it cannot say, the item is accepted, and `send` decides. */
async function judge(
  read: readonly Result<NewItem>[],
  registrationId: number,
  ready: RuntimeOf,
  log: Pick<FastifyBaseLogger, 'error'>
): Promise<readonly Result<NewItem>[]> {
  return within(JUDGE_MS, async deadline => {
    const runtime = await ready(registrationId, deadline)
    if (!runtime.ok || !runtime.value.channel.refusal) return read
    const judged: Result<NewItem>[] = []
    try {
      for (const one of read) {
        judged.push(one.ok ? await judgedBy(runtime.value, one, deadline) : one)
        if (judged.length % READ_TOGETHER === 0) await turn()
      }
      return judged
    } catch (error) {
      log.error(
        { event: 'channel.threw', registration: registrationId, reason: wordsOf(error) },
        'channel threw in refusal; its send decides'
      )
      return [...judged, ...read.slice(judged.length)]
    }
  })
}

async function judgedBy(
  { channel, tools }: ReadyChannel,
  one: Extract<Result<NewItem>, { ok: true }>,
  deadline: AbortSignal
): Promise<Result<NewItem>> {
  const refusal = await beforeDeadline(deadline, async () => channel.refusal?.(one.value.body, tools))
  return typeof refusal === 'string' && refusal !== '' ? failure(refusal) : one
}

function idOf(item: unknown): string | null {
  const id = typeof item === 'object' && item !== null && 'id' in item ? item.id : null
  return typeof id === 'string' ? id.slice(0, LIMITS.id) : null
}
