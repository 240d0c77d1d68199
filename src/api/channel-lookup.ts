import type { Tools } from 'channel-kit/tools'
import { Unanswered } from 'channel-kit/unanswered'
import type { FastifyBaseLogger } from 'fastify'
import { tried } from '../channels/save-settings.ts'
import { wordsOf } from '../postgres/sanitize-text.ts'
import { Conflict } from './errors.ts'

/** A channel has so long while somebody looks at a page. */
const LOOKUP_TIMEOUT_MS = 15_000
const MAX_REASON = 500

interface Lookup<Answer> {
  /** The verb, as the log names it. */
  name: string
  settings: Parameters<typeof tried>[2]
  verb: (tools: Tools) => Promise<Answer>
  log: Pick<FastifyBaseLogger, 'error'>
}

/**
 * The answer of a verb of a channel for somebody who looks at a page; 409 where it cannot say now, with the reason if the channel
 * means it for people. Whatever else it throws may hold an address or a key, and is for the log.
 */
export async function lookUp<Answer>(
  parts: Parameters<typeof tried>[0],
  { name, settings, verb, log }: Lookup<Answer>
): Promise<Answer> {
  try {
    return await tried(parts, LOOKUP_TIMEOUT_MS, settings, verb)
  } catch (error) {
    if (error instanceof Unanswered) throw new Conflict(wordsOf(error).slice(0, MAX_REASON))
    log.error({ event: 'channel.threw', reason: wordsOf(error) }, `channel threw in ${name}`)
    throw new Conflict('The channel cannot say now; the log of the host says why')
  }
}
