import type { Attachment } from 'channel-kit/chat'
import type { Spooled } from 'channel-kit/tools'
import { reasonOf } from '../graph/call.ts'
import type { WhatsAppTools } from '../settings.ts'
import { LARGEST_FILE } from './kinds.ts'

/**
 * - `file`: all of it, on the disk; whoever has it disposes of it.
 * - `large`: more than WhatsApp takes.
 * - `gone`: it is not there, and will not be.
 * - `later`: it may be there at another time.
 */
export type Fetched =
  | { kind: 'file'; file: Spooled }
  | { kind: 'large' }
  | { kind: 'gone'; reason: string }
  | { kind: 'later'; reason: string }

const MOST_REDIRECTS = 3

/** Fetches what the CRM attached. Storages redirect to signed addresses; every one of them is held to the address policy. */
export async function fetchFile({ uri }: Attachment, tools: WhatsAppTools, timeoutMs: number): Promise<Fetched> {
  if (!URL.canParse(uri) || !/^https?:$/.test(new URL(uri).protocol))
    return { kind: 'gone', reason: tools.translate('reasons', 'it has no address') }
  try {
    return await readFrom(new URL(uri), tools, AbortSignal.timeout(timeoutMs), MOST_REDIRECTS)
  } catch (error) {
    return { kind: 'later', reason: reasonOf(error) }
  }
}

async function readFrom(url: URL, tools: WhatsAppTools, signal: AbortSignal, redirects: number): Promise<Fetched> {
  const response = await tools.fetch(url, { signal, media: true })
  const { status, headers } = response
  const location = headers.get('location')
  if (status >= 300 && status < 400 && location && URL.canParse(location, url.href) && redirects > 0) {
    await response.body?.cancel()
    return readFrom(new URL(location, url), tools, signal, redirects - 1)
  }
  if (status !== 200) {
    await response.body?.cancel()
    const reason = `HTTP ${status}`
    return status >= 500 || status === 429 || status === 408 ? { kind: 'later', reason } : { kind: 'gone', reason }
  }
  if (Number(headers.get('content-length')) > LARGEST_FILE) {
    await response.body?.cancel()
    return { kind: 'large' }
  }
  return spooled(response, tools)
}

async function spooled({ body }: Response, { spool }: WhatsAppTools): Promise<Fetched> {
  let length = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of body ?? []) {
      length += chunk.length
      if (length > LARGEST_FILE) return
      yield chunk
    }
  }
  const file = await spool(counted())
  if (length <= LARGEST_FILE) return { kind: 'file', file }
  await file[Symbol.asyncDispose]()
  return { kind: 'large' }
}
