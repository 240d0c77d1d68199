import { isUtf8 } from 'node:buffer'
import {
  type CallFilter,
  countCalls,
  type ListedCall,
  listCalls,
  openCall,
  sealedCalls
} from '../inbound/received-webhooks.ts'
import { bar, type CliAnswer, count, progress } from './answer.ts'
import { withDatabase } from './lent-database.ts'
import { type Host, withHost } from './lent-host.ts'
import { chosenIds, limitOf, nextPageHint, type PageOptions, pageOf } from './options.ts'
import { facts, shorten, table } from './table.ts'

interface Options {
  read?: NonNullable<CallFilter['read']>
  registration?: number
  since?: number
}

const wantedBy = ({ read, registration: registrationId, since }: Options): CallFilter => ({
  read,
  registrationId,
  since: since === undefined ? undefined : limitOf(since)
})

const TITLES = ['id', 'registration', 'came', 'bytes', 'events', 'skipped', 'failed', 'replayed']

export const webhooksList = ({ limit, after, ...options }: PageOptions & Options): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    const found = await listCalls(database, wantedBy(options), { limit: limit + 1, after })
    const { rows, next } = pageOf(found, limit)
    return {
      data: { webhooks: rows, next },
      text: rows.length > 0 ? `${table(TITLES, rows.map(cells))}${nextPageHint(next)}` : count(0, 'call')
    }
  })

const cells = (call: ListedCall) => [
  call.id,
  call.registrationId,
  call.receivedAt,
  call.bytes,
  call.events,
  shorten(skippedOf(call)),
  shorten(call.failed),
  call.replayedAt
]

/** The reasons with their counts; null: nothing was skipped. */
const skippedOf = ({ skipped }: ListedCall): string | null =>
  Object.entries(skipped)
    .map(([reason, number]) => `${number} ${reason}`)
    .join(', ') || null

export const webhooksShow = (id: number): Promise<CliAnswer> =>
  withDatabase(async ({ database, secrets }) => {
    const [found] = await sealedCalls(database, { ids: [id] }, { limit: 1 })
    if (!found) throw new Error(`There is no call ${id}.`)
    const request = openCall(secrets, found)?.request
    const { keyId: _, key: __, sealed: ___, ...call } = found
    const encoding = request && isUtf8(request.body) ? 'utf8' : 'base64'
    const body = request?.body.toString(encoding)
    const head = facts([
      ['call', call.id],
      ['registration', call.registrationId],
      ['came', call.receivedAt],
      ['bytes', call.bytes],
      ['events', call.events],
      ['skipped', skippedOf(call)],
      ['failed', call.failed],
      ['replayed', call.replayedAt],
      ['method', request?.method],
      ['type', [request?.headers['content-type']].flat()[0]],
      ['query', request && JSON.stringify(request.query)],
      ['body', body ?? 'it was too large to be kept']
    ])
    return {
      data: {
        ...call,
        request: request
          ? { method: request.method, headers: request.headers, query: request.query, body, encoding }
          : null
      },
      text: head
    }
  })

/** Calls that are read between two looks at whether the operator has had enough. */
const REPLAY_BATCH = 100

export async function webhooksReplay(
  given: readonly number[] = [],
  { all = false, dryRun = false, ...options }: Options & { all?: boolean; dryRun?: boolean }
): Promise<CliAnswer> {
  const ids = chosenIds(given, { all, narrowed: Object.keys(options).length > 0 })
  const wanted = { ...wantedBy(options), ids }
  if (dryRun)
    return withDatabase(async ({ database }) => {
      const found = await countCalls(database, wanted)
      return { data: { dryRun, found }, text: `Would read ${count(found, 'call')} once more.` }
    })
  return withHost({ worker: false }, async (host, interrupted) => {
    const total = await replayAll(host, wanted, interrupted)
    progress('')
    const { found, replayed, events, skipped, failed } = total
    const left = found - replayed
    return {
      data: { dryRun, ...total },
      text: `Read ${count(replayed, 'call')} once more: ${count(events, 'message or status', 'messages and statuses')}, those known included; ${skipped} with something skipped, ${failed} failed.${left > 0 ? ` Left alone (without a body, or their settings are not complete): ${left}.` : ''}`
    }
  })
}

async function replayAll({ database, replayCalls }: Host, wanted: CallFilter, interrupted: AbortSignal) {
  const all = await countCalls(database, wanted)
  const total = { found: 0, replayed: 0, events: 0, skipped: 0, failed: 0 }
  for (let after: number | null = 0; after !== null; ) {
    interrupted.throwIfAborted()
    const { next, ...done } = await replayCalls(wanted, { limit: REPLAY_BATCH, after, enough: interrupted })
    for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += done[name]
    after = next
    progress(`${bar(total.found, all)}  ${total.found} of ${count(all, 'call')}`)
  }
  return total
}
