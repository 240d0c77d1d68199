import type { Downloaded, Media } from 'channel-kit/event'
import { record, text } from 'channel-kit/json'
import { callerOf } from '../graph/access.ts'
import { type Caller, call } from '../graph/call.ts'
import { classOf } from '../graph/errors.ts'
import { explain } from '../graph/reasons.ts'
import { plainType, type StoredMedia, type StoredText } from '../incoming/media.ts'
import { mayHoldMedia } from '../options.ts'
import type { WhatsAppTools } from '../settings.ts'
import { fetchMedia, type Wanted } from './fetch.ts'

/** Where the bytes are, for five minutes. */
type Located = { kind: 'located'; wanted: Wanted } | Exclude<Downloaded, { kind: 'ready' }>

/** Keeps a copy of a customer's file: Meta's own address works for minutes, and only with our token. */
export async function download(media: Media, tools: WhatsAppTools): Promise<Downloaded> {
  const stored = record(media.media) as Partial<StoredMedia> | StoredText
  if (stored.kind === 'text')
    return ready(media, { uri: await tools.upload(media.name, bytesOf(stored.text)), name: media.name })
  const caller = callerOf(tools)
  if (stored.kind !== 'media' || !stored.id || !caller) return gone('there is no such file', tools)

  const { id, url = '', mime = '', sha256 = '' } = stored
  const told = { mime, sha256 }
  let last = url && allowed(url, tools) ? await fetchMedia({ url, ...told }, media.name, caller, tools) : undefined
  if (last?.kind === 'fetched') return ready(media, last)
  // An address is good for five minutes, the id for a week.
  const located = await locate(id, told, caller, tools)
  if (located.kind !== 'located') return located
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const before = last?.digest
    last = await fetchMedia({ ...located.wanted, before }, media.name, caller, tools)
    if (last.kind === 'fetched') return ready(media, last)
    // Only bytes that are others than were announced are worth being compared with those of another time.
    if (before !== undefined || last.digest === undefined) break
  }
  return { kind: 'retry', reason: last?.reason ?? '' }
}

/** Attempts at an address, one after the other. */
const MOST_TRIES = 2

const ready = ({ type }: Media, { uri, name }: { uri: string; name: string }): Downloaded => ({
  kind: 'ready',
  attachment: { name, uri, type }
})

async function* bytesOf(content: string) {
  yield Buffer.from(content)
}

async function locate(id: string, told: Omit<Wanted, 'url'>, caller: Caller, tools: WhatsAppTools): Promise<Located> {
  const query = { phone_number_id: tools.settings.account.phoneNumberId }
  const answer = await call(caller, { path: encodeURIComponent(id), query })
  if (answer.kind === 'error') {
    const reason = explain(answer.error, tools.translate)
    // An id that is not there any more is told like one that was never ours.
    const isGone = classOf(answer.error) === 'permanent' || answer.error.code === 100
    return isGone ? gone(reason, tools) : { kind: 'retry', reason }
  }
  if (answer.kind !== 'done') return { kind: 'retry', reason: answer.reason }
  const url = text(answer.body.url)
  if (!allowed(url, tools)) return gone(`${url} is no host of media`, tools)
  const sha256 = told.sha256 || text(answer.body.sha256)
  return { kind: 'located', wanted: { url, mime: told.mime || plainType(text(answer.body.mime_type)), sha256 } }
}

const allowed = (url: string, { options }: WhatsAppTools) => URL.canParse(url) && mayHoldMedia(new URL(url), options)

const gone = (reason: string, { translate }: WhatsAppTools) => ({
  kind: 'gone' as const,
  reason,
  text: translate('chat', '[A file that WhatsApp did not hand over]')
})
