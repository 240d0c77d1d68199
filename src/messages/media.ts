import type { Attachment } from 'channel-kit/chat'
import type { Downloaded, Media } from 'channel-kit/event'
import type { Log, Translate } from 'channel-kit/tools'
import { and, eq, isNotNull } from 'drizzle-orm'
import { isReady } from '../crm/news.ts'
import type { Database } from '../database/connect.ts'
import { GIVEN_UP, MOST_DEATHS } from '../database/deaths.ts'
import { addJob, type Jobs } from '../database/jobs.ts'
import { type Fetching, outbox } from '../database/schema.ts'
import { plain, wordsOf } from '../database/text.ts'
import { before, within } from '../outbound/deadline.ts'
import { downloadedOf } from './downloaded.ts'
import { type Fetched, type Item, release, wait } from './fetched.ts'
import type { MakeReady } from './send.ts'

/** Files of incoming messages are fetched before the CRM hears of the messages, which wait in its outbox meanwhile. */

const TIMEOUT_MS = 120_000
const FIRST_WAIT_MS = 5_000
const LONGEST_WAIT_MS = 5 * 60_000
/** After that a file counts as gone, and the message is told without it. */
const LONGEST_MS = 3_600_000

interface Parts {
  database: Pick<Database, 'db'>
  ready: MakeReady
  /** By the host's own texts. */
  translate: Translate
  now: () => Date
  /** The host stops. */
  interrupted: AbortSignal
  log: Pick<Log, 'warn'>
}

/** One try at all files of a message that are still to be fetched. */
export const mediaTask =
  (parts: Parts) =>
  async ({ item: id }: Jobs['media']): Promise<void> => {
    const { database, now, interrupted } = parts
    const [item] = await database.db
      .select()
      .from(outbox)
      .where(and(eq(outbox.id, id), isNotNull(outbox.media)))
    if (!item?.media) return

    const isDeadly = item.deaths >= MOST_DEATHS
    const { fetched, waits } = await tryAll(parts, item, item.media, isDeadly)
    if (waits.length === 0) return release(database, item, fetched, now())
    await wait(database, item, fetched)
    const ms = interrupted.aborted ? 0 : Math.min(...waits, LONGEST_WAIT_MS, Math.max(LONGEST_MS - age(parts, item), 0))
    await addJob(database.db, 'media', { item: id }, { at: new Date(Date.now() + ms), key: `media ${id}` })
  }

/** `isDeadly`: the files count as gone, since hosts died of them. */
async function tryAll(parts: Parts, item: Item, { attachments, tries }: Fetching, isDeadly: boolean) {
  const fetched: Fetched = { attachments: [], texts: [], reason: null }
  const waits: number[] = []
  for (const one of attachments) {
    const end = await endOf(parts, item, one, isDeadly)
    if (end.kind === 'gone') fetched.texts.push(end.text.trim() || missing(parts, one))
    else fetched.attachments.push(end.kind === 'ready' ? end.attachment : one)
    if (end.kind !== 'retry') continue
    fetched.reason = plain(end.reason)
    waits.push(end.afterMs ?? FIRST_WAIT_MS * 2 ** Math.min(tries, 20))
  }
  return { fetched, waits }
}

async function endOf(parts: Parts, item: Item, one: Attachment | Media, isDeadly: boolean): Promise<Downloaded> {
  if (isReady(one)) return { kind: 'ready', attachment: one }
  if (!isDeadly) return triedOn(parts, item, one)
  parts.log.warn({ item: item.id, reason: GIVEN_UP }, 'a file of a customer could not be fetched')
  return { kind: 'gone', reason: GIVEN_UP, text: '' }
}

const age = ({ now }: Parts, { createdAt }: Item) => now().getTime() - createdAt.getTime()

/** Only for so long: then a file that may still come is gone too. */
async function triedOn(parts: Parts, item: Item, media: Media): Promise<Downloaded> {
  const end = await fetchOne(parts, item.registrationId, media)
  if (end.kind === 'ready' || parts.interrupted.aborted) return end
  parts.log.warn({ item: item.id, reason: end.reason }, 'a file of a customer could not be fetched')
  return end.kind === 'retry' && age(parts, item) >= LONGEST_MS ? { ...end, kind: 'gone', text: '' } : end
}

/** Never rejects: whatever goes wrong may go right another time. */
async function fetchOne({ ready, interrupted }: Parts, registrationId: number, media: Media): Promise<Downloaded> {
  if (interrupted.aborted) return STOPPED
  const fetching = async (signal: AbortSignal): Promise<Downloaded> => {
    const target = await ready(registrationId, signal)
    if ('unready' in target) return { kind: 'retry', reason: target.unready }
    const { channel, tools } = target
    if (!channel.download) return { kind: 'gone', reason: 'the channel fetches no files', text: '' }
    return downloadedOf(await before(signal, channel.download(media, tools)))
  }
  return within(TIMEOUT_MS, fetching, interrupted).catch((error: unknown) => ({
    kind: 'retry',
    reason: wordsOf(error)
  }))
}

const STOPPED: Downloaded = { kind: 'retry', reason: 'the host was stopped' }

const missing = ({ translate }: Pick<Parts, 'translate'>, { name }: Pick<Media, 'name'>) =>
  translate('incoming', 'The file {name} could not be fetched', { name })
