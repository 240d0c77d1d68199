import type { Downloaded, Media } from 'channel-kit/event'
import type { Log, Translate } from 'channel-kit/tools'
import { and, eq, isNotNull } from 'drizzle-orm'
import { beforeDeadline, type RuntimeOf } from '../channels/call-channel.ts'
import { downloadedOf } from '../channels/contract.ts'
import { within } from '../http-client/timeout.ts'
import type { Database } from '../postgres/connect.ts'
import { wordsOf } from '../postgres/sanitize-text.ts'
import { outbox } from '../postgres/schema/schema.ts'
import { GIVEN_UP, MOST_DEATHS } from '../queue/deaths.ts'
import { addJob, type Jobs } from '../queue/jobs.ts'
import { type Item, missingOf, settleTries, tellWithout, type Words } from './media-result.ts'

/**
 * Files of incoming messages are fetched before the CRM hears of the messages,
 * which wait in its outbox meanwhile, but not for long: a chat in which nothing
 * comes any more is worse than one in which a picture comes late.
 */

const TIMEOUT_MS = 120_000
const FIRST_WAIT_MS = 5_000
const LONGEST_WAIT_MS = 5 * 60_000
/** After that a file counts as gone. */
const MEDIA_GIVE_UP_MS = 3_600_000

interface Deps {
  database: Pick<Database, 'db'>
  ready: RuntimeOf
  /** By the host's own texts. */
  translate: Translate
  now: () => Date
  /** The host stops. */
  interrupted: AbortSignal
  log: Pick<Log, 'warn'>
}

/** One try at all files of a message that are still to be fetched. */
export const mediaTask =
  (parts: Deps) =>
  async ({ item: id }: Jobs['media']): Promise<void> => {
    const { database, now, interrupted } = parts
    const item = await itemOf(parts, id)
    if (!item?.media) return

    const { tries } = item.media
    const ends: Downloaded[] = []
    for (const one of missingOf(item.media)) ends.push(await endOf(parts, item, one))
    await settleTries(database, id, ends, wordsBy(parts), now())
    const waits = ends.flatMap(end =>
      end.kind === 'retry' ? [end.afterMs ?? FIRST_WAIT_MS * 2 ** Math.min(tries, 20)] : []
    )
    if (waits.length === 0) return
    const ms = interrupted.aborted
      ? 0
      : Math.min(...waits, LONGEST_WAIT_MS, Math.max(MEDIA_GIVE_UP_MS - age(parts, item), 0))
    await addJob(database.db, 'media', { item: id }, { at: new Date(Date.now() + ms), key: `media ${id}` })
  }

/** The chat does not wait any more for the files of a message. Begun with the message, since only here it is known when that is. */
export const lateTask =
  ({ waitMs, ...parts }: Pick<Deps, 'database' | 'translate' | 'now'> & { waitMs: number }) =>
  async ({ item: id }: Jobs['late']): Promise<void> => {
    const { database, now } = parts
    const item = await itemOf(parts, id)
    if (!item || item.media?.late) return
    const left = waitMs - age(parts, item)
    if (left <= 0) return tellWithout(database, id, wordsBy(parts), now())
    await addJob(database.db, 'late', { item: id }, { at: new Date(Date.now() + left), key: `late ${id}` })
  }

/** Undefined: it has all of its files, or was erased. */
async function itemOf({ database: { db } }: Pick<Deps, 'database'>, id: number): Promise<Item | undefined> {
  const [item] = await db
    .select()
    .from(outbox)
    .where(and(eq(outbox.id, id), isNotNull(outbox.media)))
  return item
}

async function endOf(parts: Deps, item: Item, one: Media): Promise<Downloaded> {
  // Hosts died of them.
  if (item.deaths < MOST_DEATHS) return triedOn(parts, item, one)
  parts.log.warn(
    { event: 'inbound.media_gone', item: item.id, reason: GIVEN_UP },
    'file of a customer could not be fetched'
  )
  return { kind: 'gone', reason: GIVEN_UP, text: '' }
}

const age = ({ now }: Pick<Deps, 'now'>, { createdAt }: Item) => now().getTime() - createdAt.getTime()

/** Only for so long: then a file that may still come is gone too. */
async function triedOn(parts: Deps, item: Item, media: Media): Promise<Downloaded> {
  const end = await fetchOne(parts, item.registrationId, media)
  if (end.kind === 'ready' || parts.interrupted.aborted) return end
  parts.log.warn(
    { event: 'inbound.media_gone', item: item.id, reason: end.reason },
    'file of a customer could not be fetched'
  )
  return end.kind === 'retry' && age(parts, item) >= MEDIA_GIVE_UP_MS ? { ...end, kind: 'gone', text: '' } : end
}

/** Never rejects: whatever goes wrong may go right another time. */
async function fetchOne({ ready, interrupted }: Deps, registrationId: number, media: Media): Promise<Downloaded> {
  if (interrupted.aborted) return STOPPED
  const fetching = async (signal: AbortSignal): Promise<Downloaded> => {
    const runtime = await ready(registrationId, signal)
    if (!runtime.ok) return { kind: 'retry', reason: runtime.reason }
    const { channel, tools } = runtime.value
    const { download } = channel
    if (!download) return { kind: 'gone', reason: 'the channel fetches no files', text: '' }
    return downloadedOf(await beforeDeadline(signal, () => download.call(channel, media, tools)))
  }
  return within(TIMEOUT_MS, fetching, interrupted).catch((error: unknown) => ({
    kind: 'retry',
    reason: wordsOf(error)
  }))
}

const STOPPED: Downloaded = { kind: 'retry', reason: 'the host was stopped' }

const wordsBy = ({ translate }: Pick<Deps, 'translate'>): Words => ({
  follows: name => translate('incoming', 'The file {name} follows', { name }),
  missing: name => translate('incoming', 'The file {name} could not be fetched', { name })
})
