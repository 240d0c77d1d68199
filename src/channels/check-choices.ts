import type { Search } from 'channel-kit/channel'
import { shortened } from 'channel-kit/limits'
import { Unanswered } from 'channel-kit/unanswered'
import type { FastifyBaseLogger } from 'fastify'
import { wordsOf } from '../postgres/sanitize-text.ts'
import { type Chosen, questionOf } from '../protocol/choices.ts'
import { CHOICES_AWAY, type ErrorMap, type Say, UNKNOWN_CHOICE } from '../protocol/settings-errors.ts'

/** Check of the keys that an admin chose, by the autocompletes that offered them. */

/** The answer of an autocomplete. Rejects when the channel cannot answer, or not in time. */
export type Find = (autocomplete: string, search: Search) => Promise<unknown>

interface Deps {
  lists: readonly Chosen[]
  /** The lists as they were saved before. */
  saved: readonly Chosen[]
  find: Find
  say: Say
  log: Pick<FastifyBaseLogger, 'warn'>
}

/** An autocomplete's answer about keys. `away`: none now; `reason` is for the admin, where the channel gave one. */
type Found = { kind: 'found'; has: (key: string) => boolean } | { kind: 'away'; reason: string | undefined }

const MAX_REASON_LENGTH = 200

/**
 * Errors of lists with keys that their autocomplete does not know, by group and
 * field. One that cannot answer refuses only what was not saved before. Lists
 * that ask the same are one call.
 */
export async function choiceErrors({ lists, saved, find, say, log }: Deps): Promise<ErrorMap> {
  const questions = [...Map.groupBy(lists, questionOf).values()]
  const asked = await Promise.all(
    questions.map(async same => {
      const found = await answerOf(same, find, log)
      return same.map(list => ({ list, problems: problemsOf(list, found) }))
    })
  )
  const errors: Record<string, Record<string, readonly string[]>> = {}
  for (const { list, problems } of asked.flat())
    if (problems.length > 0) errors[list.group] = { ...errors[list.group], [list.name]: problems }
  return errors

  function problemsOf(list: Chosen, found: Found): string[] {
    if (found.kind === 'found') return list.keys.every(found.has) ? [] : [say(UNKNOWN_CHOICE)]
    const before = saved.find(one => one.group === list.group && one.name === list.name)
    const isKept =
      before && questionOf(before) === questionOf(list) && list.keys.every(key => before.keys.includes(key))
    return isKept ? [] : [say(CHOICES_AWAY), ...(found.reason ? [found.reason] : [])]
  }
}

async function answerOf(same: readonly Chosen[], find: Find, log: Deps['log']): Promise<Found> {
  const [{ autocomplete = '', dep = [], context = [] } = {}] = same
  const keys = [...new Set(same.flatMap(list => list.keys))]
  try {
    const choices = await find(autocomplete, { keys, dep, context })
    if (typeof choices !== 'object' || choices === null) throw new Error('the channel answered what are no choices')
    return { kind: 'found', has: key => Object.hasOwn(choices, key) }
  } catch (error) {
    const reason = shortened(wordsOf(error), MAX_REASON_LENGTH)
    log.warn({ event: 'settings.lookup_failed', autocomplete, reason }, 'lookup of chosen keys failed')
    // Any other error is for the author of the channel, and stands in the log only.
    return { kind: 'away', reason: error instanceof Unanswered ? reason : undefined }
  }
}
