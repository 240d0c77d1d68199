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

/** The answer of a verb of a channel for somebody who looks at a page; 409 with the reason where it cannot say now. */
export async function lookUp<Answer>(
  parts: Parameters<typeof tried>[0],
  { name, settings, verb, log }: Lookup<Answer>
): Promise<Answer> {
  try {
    return await tried(parts, LOOKUP_TIMEOUT_MS, settings, verb)
  } catch (error) {
    const reason = wordsOf(error)
    if (!(error instanceof Unanswered)) log.error({ event: 'channel.threw', reason }, `channel threw in ${name}`)
    throw new Conflict(reason.slice(0, MAX_REASON))
  }
}
