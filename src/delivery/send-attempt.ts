import type { Channel } from 'channel-kit/channel'
import { forAccount, isTooMuchWork } from 'channel-kit/offload'
import type { Outcome, Outgoing } from 'channel-kit/outcome'
import type { Log } from 'channel-kit/tools'
import type { FastifyBaseLogger } from 'fastify'
import { callChannel, type ReadyChannel, type RuntimeOf } from '../channels/call-channel.ts'
import { outcomeOf } from '../channels/contract.ts'
import { suppressedReason } from '../contacts/suppressions.ts'
import { within } from '../http-client/timeout.ts'
import { outcomeBy } from '../inbound/phone-numbers.ts'
import { sentOf } from '../messages/parts.ts'
import { type Meter, NO_METER } from '../metrics/meter.ts'
import { sanitize, wordsOf } from '../postgres/sanitize-text.ts'
import { failure } from '../protocol/result.ts'
import { GIVEN_UP, MOST_DEATHS } from '../queue/deaths.ts'
import { NO_TRACING, type Tracing } from '../tracing/spans.ts'
import type { AttemptResult, ClaimedMessage, ForNextAttempt, Withheld } from './attempt.ts'
import { type Decision, decide, type RetryPolicy } from './retry-policy.ts'

interface Deps {
  ready: RuntimeOf
  policy: RetryPolicy & { timeoutMs: number }
  now: () => Date
  meter?: Meter
  tracing?: Pick<Tracing, 'write'>
  log?: Pick<FastifyBaseLogger, 'debug'>
}

interface Attempted {
  outcome: Outcome
  retryUnknown: boolean
  /** The outcome is unknown, and a status may still say that the message left: the host itself waits for one. */
  awaitsStatus?: boolean
  /** Nothing was sent this time, since the message is confirmed, or is given up. */
  unsent?: 'confirmed' | 'unconfirmed'
  /** The call of the gateway; undefined: there was none. */
  called?: { channel: string; from: Date; until: Date }
}

/** Makes one attempt to send a message. Never rejects: every error is an outcome. */
export const createSender =
  ({ ready, policy, now, meter = NO_METER, tracing = NO_TRACING, log }: Deps) =>
  async (claimed: ClaimedMessage): Promise<AttemptResult> => {
    const startedAt = now()
    if (claimed.withheld) return ended(claimed, claimed.withheld, startedAt)
    const attempted = await within(policy.timeoutMs, deadline =>
      forAccount(claimed.registrationId, () => attempt(claimed, { ready, deadline, meter, now }))
    )
    const { outcome, retryUnknown } = attempted
    const number = claimed.message.attempts
    if (!attempted.unsent) meter.attempted(claimed.registrationId, outcome.kind)
    traceAttempt(tracing, claimed, { ...attempted, startedAt })
    const { id: message, crmId } = claimed.message
    log?.debug(
      {
        event: 'message.attempted',
        registration: claimed.registrationId,
        message,
        crmId,
        number,
        outcome: outcome.kind
      },
      'attempt to send a message ended'
    )
    return {
      claimed,
      decision: withDoubt(decide(outcome, number, retryUnknown, policy, now()), attempted),
      storyEntry: storyEntryOf(attempted, number, startedAt, now()),
      forNext: forNextOf(outcome)
    }
  }

/** Without a call of its gateway. */
function ended(claimed: ClaimedMessage, withheld: Withheld, now: Date): AttemptResult {
  const why = WITHHELD[withheld]
  const decision: Decision = claimed.mayHaveLeft
    ? { kind: 'failed', reason: `uncertain: it may have been sent (${why})`, doubt: 'channel' }
    : { kind: 'failed', reason: why }
  return { claimed, decision, storyEntry: { kind: 'ended', at: now.toISOString(), reason: decision.reason } }
}

const WITHHELD = {
  all: suppressedReason('all'),
  marketing: suppressedReason('marketing'),
  held: 'skipped: held',
  written: 'skipped: somebody has written since'
} satisfies Record<Withheld, string>

const withDoubt = (decision: Decision, { awaitsStatus = false }: Attempted): Decision =>
  decision.kind === 'again' && awaitsStatus ? { ...decision, doubt: 'host' } : decision

const forNextOf = (outcome: Outcome): ForNextAttempt => ({
  ...(outcome.sent ? { sent: outcome.sent } : {}),
  ...('progress' in outcome ? { progress: outcome.progress } : {}),
  ...('parts' in outcome && outcome.parts !== undefined ? { parts: outcome.parts } : {})
})

function storyEntryOf(
  { outcome, unsent }: Attempted,
  number: number,
  startedAt: Date,
  endedAt: Date
): AttemptResult['storyEntry'] {
  const at = startedAt.toISOString()
  const details = outcome.kind === 'accepted' ? { ref: sanitize(outcome.ref) } : { reason: sanitize(outcome.reason) }
  if (unsent === 'confirmed') return { kind: unsent, at, ref: '', ...details }
  if (unsent === 'unconfirmed') return { kind: unsent, at, reason: '', ...details }
  const durationMs = endedAt.getTime() - startedAt.getTime()
  return { kind: 'attempt', at, number, outcome: outcome.kind, ...details, durationMs }
}

async function attempt(
  claimed: ClaimedMessage,
  { ready, deadline, meter, now }: { ready: RuntimeOf; deadline: AbortSignal; meter: Meter; now: () => Date }
): Promise<Attempted> {
  const { message, parts, interrupted, registrationId } = claimed
  const [first] = parts
  if (message.doubt === 'heard' && first)
    return {
      outcome: { kind: 'accepted', ref: first.ref, sent: sentOf(parts) },
      retryUnknown: false,
      unsent: 'confirmed'
    }

  if (message.deaths >= MOST_DEATHS)
    return { outcome: { kind: interrupted ? 'unknown' : 'rejected', reason: GIVEN_UP }, retryUnknown: false }

  const runtime = await ready(registrationId, deadline).catch((error: Error) =>
    failure(`the host could not prepare it: ${wordsOf(error)}`)
  )
  const retryUnknown = !runtime.ok || runtime.value.retryUnknown
  const confirmsMs = runtime.ok ? runtime.value.channel.confirmsMs : undefined
  const awaitedStatus = message.doubt === 'host'
  if (awaitedStatus && runtime.ok)
    return {
      outcome: { kind: 'unknown', reason: message.reason ?? NO_STATUS },
      retryUnknown,
      unsent: 'unconfirmed'
    }
  if (interrupted && !awaitedStatus)
    return {
      ...awaited(confirmsMs, { kind: 'unknown', reason: 'a host was stopped while it was sending' }),
      retryUnknown
    }
  if (!runtime.ok)
    return { outcome: { kind: 'retry', reason: runtime.reason }, retryUnknown, awaitsStatus: awaitedStatus }
  const [from, startedAt] = [now(), performance.now()]
  const outcome = await call(runtime.value, claimed, deadline)
  meter.called(registrationId, (performance.now() - startedAt) / 1_000)
  return { ...outcome, retryUnknown, called: { channel: runtime.value.channel.name, from, until: now() } }
}

/** Spans of an attempt: the wait before it, and the call. */
function traceAttempt(
  tracing: Pick<Tracing, 'write'>,
  {
    registrationId: registration,
    waitedS = 0,
    message: { id: message, attempts: attempt, traceparent }
  }: ClaimedMessage,
  { outcome, called, startedAt }: Pick<Attempted, 'outcome' | 'called'> & { startedAt: Date }
): void {
  if (traceparent === null || !called) return
  const attributes = { 'chat.channel': called.channel, 'chat.registration': registration, 'chat.message': message }
  const dueAt = new Date(startedAt.getTime() - waitedS * 1_000)
  tracing.write({ name: 'queue wait', traceparent, from: dueAt, until: startedAt, attributes })
  tracing.write({
    ...{ name: 'gateway call', traceparent, from: called.from, until: called.until },
    attributes: { ...attributes, 'chat.attempt': attempt, 'chat.outcome': outcome.kind },
    failed: outcome.kind !== 'accepted'
  })
}

const NO_STATUS = 'no status came'

/** Where statuses name our messages, one may still say that a message of unknown outcome left. */
function awaited(
  awaitMs: Channel['confirmsMs'],
  outcome: { kind: 'retry' | 'unknown'; reason: string }
): Pick<Attempted, 'outcome' | 'awaitsStatus'> {
  return awaitMs === undefined || outcome.kind !== 'unknown'
    ? { outcome }
    : { outcome: { ...outcome, awaitMs }, awaitsStatus: true }
}

function outgoingOf({ message, parts, conversation }: ClaimedMessage): Outgoing {
  const { lastIncomingRef: ref, lastIncomingAt: at, lastIncomingContext: context, memory, address } = conversation
  const { answers, ...body } = message.body
  return {
    ...body,
    ...(answers ? { answers: { ...answers, at: new Date(answers.at) } } : {}),
    address: address ?? body.contact,
    id: String(message.id),
    attempt: message.attempts,
    sent: sentOf(parts),
    progress: message.progress?.value ?? null,
    ...(message.returned ? { returned: message.returned } : {}),
    conversation: {
      lastIncoming: ref && at ? { ref, at, context: context?.value ?? null } : null,
      memory: memory?.value ?? null
    }
  }
}

/** A missed deadline and a throw harm only this message. */
async function call(
  target: ReadyChannel,
  message: ClaimedMessage,
  deadline: AbortSignal
): Promise<Pick<Attempted, 'outcome' | 'awaitsStatus'>> {
  const { channel, naming, sent } = target
  const tools = { ...target.tools, log: logOf(message, target.tools.log) }
  const send = async () => outcomeBy(naming, outcomeOf(await channel.send(outgoingOf(message), tools), tools.log))
  const called = await callChannel('send', { tools, sent }, send, deadline)
  if (called.kind === 'answered') return { outcome: called.answer }
  if (isTooMuchWork(called.error) && !sent()) return { outcome: { kind: 'rejected', reason: called.outcome.reason } }
  return awaited(channel.confirmsMs, called.outcome)
}

/** Lines that a channel writes about a message name it as the host's own do. */
function logOf({ message: { id, crmId } }: ClaimedMessage, log: Log): Log {
  const about = { message: id, ...(crmId === null ? {} : { crmId }) }
  return {
    info: (details, text) => log.info({ ...about, ...details }, text),
    warn: (details, text) => log.warn({ ...about, ...details }, text),
    error: (details, text) => log.error({ ...about, ...details }, text)
  }
}
