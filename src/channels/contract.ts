import {
  readDownloaded,
  readLotOutcome,
  readOutcome,
  readPolled,
  readPrepared,
  readReceived,
  readVerdict
} from 'channel-kit/answer'
import type { Verdict } from 'channel-kit/channel'
import type { Downloaded } from 'channel-kit/event'
import { type ListedTemplate, readListed } from 'channel-kit/listed-template'
import type { LotOutcome, Lots, Prepared } from 'channel-kit/lots'
import type { Outcome } from 'channel-kit/outcome'
import type { Log } from 'channel-kit/tools'
import { sanitize } from '../postgres/sanitize-text.ts'

/**
 * Answers of channels as the host takes them. A channel is another's code, so
 * the kit's schemas check each answer; here is what an invalid one means, by the
 * verb that was called.
 */

type ErrorLog = Pick<Log, 'error'>

/** Invalid: it says nothing about the message, which may have left. */
export function outcomeOf(answer: unknown, log: ErrorLog): Outcome {
  const leftOut: string[] = []
  const read = readOutcome(answer, wrong => leftOut.push(wrong))
  if ('value' in read) {
    logInvalidEvents(log, 'send', leftOut)
    return read.value
  }
  log.error({ event: 'channel.invalid_answer', verb: 'send', wrong: read.wrong }, 'channel answered no valid outcome')
  return { kind: 'unknown', reason: `the channel answered what is no outcome: send: ${read.wrong}` }
}

type AnyLots = Lots<unknown, unknown>
export interface LotOutcomes {
  open: Awaited<ReturnType<AnyLots['open']>>
  add: Awaited<ReturnType<AnyLots['add']>>
  close: Awaited<ReturnType<AnyLots['close']>>
}
export type LotVerb = keyof LotOutcomes

/** Invalid: `unknown` if a request may have reached the gateway, else `retry`. */
export function lotOutcomeOf<Verb extends LotVerb>(
  verb: Verb,
  answer: unknown,
  { log, sent }: { log: ErrorLog; sent: () => boolean }
): LotOutcomes[Verb] | LotOutcome<never> {
  const read = readLotOutcome<LotOutcomes[Verb]>(verb, answer)
  if ('value' in read) return read.value
  log.error(
    { event: 'channel.invalid_answer', verb: `lots.${verb}`, wrong: read.wrong },
    'channel answered no valid outcome for a lot'
  )
  return {
    kind: sent() ? 'unknown' : 'retry',
    reason: sanitize(`the channel answered what is no outcome: lots.${verb}: ${read.wrong}`)
  }
}

/** Throws on an invalid answer, as the verb itself may. */
export function preparedOf(answer: unknown): Prepared {
  const read = readPrepared(answer)
  if ('wrong' in read) throw new Error(`the channel prepared what is nothing: lots.prepare: ${read.wrong}`)
  return read.value
}

/** Invalid: it says nothing about the file, which is asked for again. */
export function downloadedOf(answer: unknown): Downloaded {
  const read = readDownloaded(answer)
  return 'value' in read
    ? read.value
    : { kind: 'retry', reason: `the channel answered what says nothing about the file: download: ${read.wrong}` }
}

/** Invalid: the call counts as not genuine. */
export function verdictOf(answer: unknown, log: ErrorLog): Verdict {
  const read = readVerdict(answer)
  if ('value' in read) return read.value
  log.error(
    { event: 'channel.invalid_answer', verb: 'webhook.verify', wrong: read.wrong },
    'channel answered no valid verdict; webhook call refused'
  )
  return { kind: 'refused', reason: 'The call could not be verified' }
}

/** Throws on an answer that is no report. Of a report the invalid events are logged, and the valid ones taken. */
export function receivedOf(answer: unknown, log: ErrorLog) {
  const received = reportOf('webhook.receive', readReceived(answer))
  logInvalidEvents(log, 'webhook.receive', received.wrong)
  return received
}

/** As `receivedOf`. */
export function polledOf(answer: unknown, log: ErrorLog) {
  const { wrong, ...polled } = reportOf('poll.read', readPolled(answer))
  logInvalidEvents(log, 'poll.read', wrong)
  return polled
}

/** As `receivedOf`, of templates. */
export function templatesOf(answer: unknown, log: ErrorLog): ListedTemplate[] {
  const { templates, wrong } = reportOf('templates.list', readListed(answer))
  if (wrong.length > 0)
    log.error(
      {
        event: 'channel.invalid_answer',
        verb: 'templates.list',
        wrong: wrong.slice(0, MAX_LOGGED),
        count: wrong.length
      },
      'channel listed invalid templates; the valid ones are taken'
    )
  return templates
}

function reportOf<Report>(verb: string, read: { value: Report } | { wrong: string }): Report {
  if ('wrong' in read) throw new Error(`the channel answered what is no report: ${verb}: ${read.wrong}`)
  return read.value
}

/** Invalid places of one answer that are logged; the count says how many there are. */
const MAX_LOGGED = 10

function logInvalidEvents(log: ErrorLog, verb: string, wrong: readonly string[]): void {
  if (wrong.length > 0)
    log.error(
      { event: 'channel.invalid_answer', verb, wrong: wrong.slice(0, MAX_LOGGED), count: wrong.length },
      'channel reported invalid events; the valid ones are taken'
    )
}
