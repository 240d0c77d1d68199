import type { Downloaded, Media } from 'channel-kit/event'
import type { Log, Translate } from 'channel-kit/tools'
import { and, eq, isNotNull } from 'drizzle-orm'
import { beforeDeadline, type RuntimeOf } from '../channels/call-channel.ts'
import { downloadedOf } from '../channels/contract.ts'
import { within } from '../http-client/timeout.ts'
import type { Database } from '../postgres/connect.ts'
import { wordsOf } from '../postgres/sanitize-text.ts'
import { outbox } from '../postgres/schema/outbox.ts'
import { GIVEN_UP, MOST_DEATHS } from '../queue/deaths.ts'
import { addJob, type Jobs } from '../queue/jobs.ts'
import { type Item, missingOf, settleTries, tellWithout, type Words } from './media-result.ts'

/**
 * Files of incoming messages are fetched before the messages are delivered to the CRM. The messages wait in the outbox
 * meanwhile, but not for long: a chat in which nothing comes any more is worse than a picture that comes late.
 */

const DOWNLOAD_TIMEOUT_MS = 120_000
const FIRST_RETRY_MS = 5_000
const MAX_RETRY_MS = 5 * 60_000
/** A file that could not be fetched for so long counts as gone. */
const MEDIA_GIVE_UP_MS = 3_600_000

interface Deps {
  database: Pick<Database, 'db'>
  ready: RuntimeOf
  /** Translates the host's own texts. */
  translate: Translate
  now: () => Date
  /** Aborted when the host stops. */
  interrupted: AbortSignal
  log: Pick<Log, 'warn'>
}

/** Fetches the missing files of a message once, and adds the job of the next try. */
export const mediaTask =
  (deps: Deps) =>
  async ({ item: id }: Jobs['media']): Promise<void> => {
    const { database, now, interrupted } = deps
    const item = await itemOf(deps, id)
    if (!item?.media) return

    const { tries } = item.media
    const ends: Downloaded[] = []
    for (const file of missingOf(item.media)) ends.push(await endOf(deps, item, file))
    await settleTries(database, id, ends, wordsBy(deps), now())
    const waits = ends.flatMap(end =>
      end.kind === 'retry' ? [end.afterMs ?? FIRST_RETRY_MS * 2 ** Math.min(tries, 20)] : []
    )
    if (waits.length === 0) return
    const ms = interrupted.aborted
      ? 0
      : Math.min(...waits, MAX_RETRY_MS, Math.max(MEDIA_GIVE_UP_MS - age(deps, item), 0))
    await addJob(database.db, 'media', { item: id }, { at: new Date(Date.now() + ms), key: `media ${id}` })
  }

/**
 * Ends the wait for the files of a message after `waitMs`. Its first job is added with the message, since only this task
 * has `waitMs`.
 */
export const lateTask =
  ({ waitMs, ...deps }: Pick<Deps, 'database' | 'translate' | 'now'> & { waitMs: number }) =>
  async ({ item: id }: Jobs['late']): Promise<void> => {
    const { database, now } = deps
    const item = await itemOf(deps, id)
    if (!item || item.media?.late) return
    const left = waitMs - age(deps, item)
    if (left <= 0) return tellWithout(database, id, wordsBy(deps), now())
    await addJob(database.db, 'late', { item: id }, { at: new Date(Date.now() + left), key: `late ${id}` })
  }

/** An item with missing files; undefined if it has all of its files, or was erased. */
async function itemOf({ database: { db } }: Pick<Deps, 'database'>, id: number): Promise<Item | undefined> {
  const [item] = await db
    .select()
    .from(outbox)
    .where(and(eq(outbox.id, id), isNotNull(outbox.media)))
  return item
}

async function endOf(deps: Deps, item: Item, file: Media): Promise<Downloaded> {
  // An item in hand at MOST_DEATHS deaths is not fetched any more: its files may be the cause.
  if (item.deaths < MOST_DEATHS) return triedOn(deps, item, file)
  deps.log.warn(
    { event: 'inbound.media_gone', item: item.id, reason: GIVEN_UP },
    'file of a customer could not be fetched'
  )
  return { kind: 'gone', reason: GIVEN_UP, text: '' }
}

const age = ({ now }: Pick<Deps, 'now'>, { createdAt }: Item) => now().getTime() - createdAt.getTime()

/** Fetches a file; after MEDIA_GIVE_UP_MS a file that may still come counts as gone too. */
async function triedOn(deps: Deps, item: Item, media: Media): Promise<Downloaded> {
  const end = await fetchOne(deps, item.registrationId, media)
  if (end.kind === 'ready' || deps.interrupted.aborted) return end
  deps.log.warn(
    { event: 'inbound.media_gone', item: item.id, reason: end.reason },
    'file of a customer could not be fetched'
  )
  return end.kind === 'retry' && age(deps, item) >= MEDIA_GIVE_UP_MS ? { ...end, kind: 'gone', text: '' } : end
}

/** Fetches a file by its channel. Never rejects: an error is an outcome, and another try may succeed. */
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
  return within(DOWNLOAD_TIMEOUT_MS, fetching, interrupted).catch((error: unknown) => ({
    kind: 'retry',
    reason: wordsOf(error)
  }))
}

const STOPPED: Downloaded = { kind: 'retry', reason: 'the host was stopped' }

const wordsBy = ({ translate }: Pick<Deps, 'translate'>): Words => ({
  follows: name => translate('incoming', 'The file {name} follows', { name }),
  missing: name => translate('incoming', 'The file {name} could not be fetched', { name })
})
