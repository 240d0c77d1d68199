import { Type } from 'typebox'
import type { Polled, Reply, Verdict } from './channel.ts'
import { ATTACHMENT_TYPES } from './chat.ts'
import type { Downloaded, GatewayEvent } from './event.ts'
import { allEvents, LATER, readEvents, shortenReason, tidyCharge } from './event-answer.ts'
import { checker, type Fields, isFields, kinds, type Read, reading } from './field-reader.ts'
import { Id, list, Milliseconds, MOST, opaque, PartNumber, Reason, shortened, text, word } from './limits.ts'
import type { LotOutcome, Prepared } from './lots.ts'
import type { Outcome } from './outcome.ts'

/**
 * Answers of a channel's verbs, as the host takes them: every text, list and piece
 * of JSON has a greatest length, and an error names its place. None of these
 * functions throws, whatever it is given. Lengths: limits.ts.
 */

const reason = { reason: Reason }
const sent = { sent: Type.Optional(list(Type.Object({ part: PartNumber, ref: Id }), MOST.parts)) }
const carried = { ...sent, progress: Type.Optional(opaque()) }

const outcome = kinds<Outcome>({
  accepted: Type.Object({
    kind: Type.Literal('accepted'),
    ref: Id,
    later: Type.Optional(list(LATER, MOST.events)),
    restMs: Type.Optional(Milliseconds),
    remember: Type.Optional(opaque()),
    ...sent
  }),
  retry: Type.Object({
    kind: Type.Literal('retry'),
    ...reason,
    ...carried,
    afterMs: Type.Optional(Milliseconds)
  }),
  throttled: Type.Object({ kind: Type.Literal('throttled'), ...reason, ...carried, afterMs: Milliseconds }),
  rejected: Type.Object({
    kind: Type.Literal('rejected'),
    ...reason,
    ...sent,
    events: Type.Optional(list(Type.Unknown(), MOST.events))
  }),
  unknown: Type.Object({
    kind: Type.Literal('unknown'),
    ...reason,
    ...carried,
    awaitMs: Type.Optional(Milliseconds),
    parts: Type.Optional(Type.Integer({ minimum: 1, maximum: MOST.parts }))
  })
})

/** Reads the answer of `send`. `leftOut`: told where a field of an event is wrong that the event can do without. */
export const readOutcome = (answer: unknown, leftOut: (wrong: string) => void = () => {}): Read<Outcome> =>
  reading(answer, fields => {
    shortenReason(fields)
    const read = outcome(fields)
    if ('wrong' in read) return read
    const wrong = eventsIn(read.value, leftOut)
    return wrong === undefined ? read : { wrong }
  })

/** Checks the events of an outcome in their places, and tidies them there. */
function eventsIn(outcome: Outcome, leftOut: (wrong: string) => void): string | undefined {
  const lists: [string, { events?: readonly GatewayEvent[] }][] = []
  if (outcome.kind === 'accepted')
    for (const [index, one] of (outcome.later ?? []).entries()) lists.push([`/later/${index}/events`, one])
  if (outcome.kind === 'rejected' && outcome.events) lists.push(['/events', outcome])
  for (const [path, holder] of lists) {
    const read = allEvents(holder.events ?? [], path, leftOut)
    if ('wrong' in read) return read.wrong
    holder.events = read.value
  }
  return undefined
}

const limited = kinds<LotOutcome<never>>({
  rejected: Type.Object({ kind: Type.Literal('rejected'), ...reason }),
  refused: Type.Object({ kind: Type.Literal('refused'), ...reason }),
  unknown: Type.Object({ kind: Type.Literal('unknown'), ...reason }),
  retry: Type.Object({ kind: Type.Literal('retry'), ...reason, afterMs: Type.Optional(Milliseconds) }),
  throttled: Type.Object({ kind: Type.Literal('throttled'), ...reason, afterMs: Milliseconds }),
  // A lot's messages have ids made of it.
  opened: Type.Object({ kind: Type.Literal('opened'), ref: text(MOST.id - 32, 1), cost: Type.Optional(opaque()) }),
  added: Type.Object({ kind: Type.Literal('added') }),
  closed: Type.Object({ kind: Type.Literal('closed') })
})

/** How each verb for lots may end well, or with a `rejected`. */
const ENDS = { open: ['opened'], add: ['added', 'rejected'], close: ['closed'] } as const
const COMMON = ['retry', 'throttled', 'refused', 'unknown']

/** Reads the answer of a verb for lots. */
export const readLotOutcome = <Answer>(verb: keyof typeof ENDS, answer: unknown): Read<Answer> =>
  reading(answer, fields => {
    shortenReason(fields)
    const words: readonly unknown[] = [...ENDS[verb], ...COMMON]
    if (fields.kind === 'opened') tidyCharge(fields)
    if (!words.includes(fields.kind)) return { wrong: `/kind is none of ${words.join(', ')}` }
    return limited(fields) as Read<Answer>
  })

const prepared = kinds<Prepared>({
  item: Type.Object({
    kind: Type.Literal('item'),
    name: text(MOST.name),
    key: opaque(),
    item: opaque(1_048_576),
    dedupe: Type.Optional(Id)
  }),
  alone: Type.Object({ kind: Type.Literal('alone') }),
  rejected: Type.Object({ kind: Type.Literal('rejected'), ...reason })
})

/** Reads the answer of `prepare`, of the verbs for lots. */
export const readPrepared = (answer: unknown): Read<Prepared> =>
  reading(answer, fields => {
    shortenReason(fields)
    return prepared({ ...(fields.kind === 'item' ? { key: null, item: null } : {}), ...fields })
  })

const downloaded = kinds<Downloaded>({
  ready: Type.Object({
    kind: Type.Literal('ready'),
    attachment: Type.Object({ name: text(MOST.name), uri: text(MOST.uri), type: word(ATTACHMENT_TYPES) })
  }),
  retry: Type.Object({ kind: Type.Literal('retry'), ...reason, afterMs: Type.Optional(Milliseconds) }),
  gone: Type.Object({ kind: Type.Literal('gone'), ...reason, text: text(MOST.text) })
})

/** Reads the answer of `download`. */
export const readDownloaded = (answer: unknown): Read<Downloaded> =>
  reading(answer, fields => {
    shortenReason(fields)
    return downloaded(fields)
  })

const REPLY = Type.Object({
  status: Type.Integer({ minimum: 200, maximum: 599 }),
  headers: Type.Optional(
    Type.Refine(
      Type.Record(Type.String(), Type.String()),
      headers =>
        Object.entries(headers).length <= MOST.headers &&
        Object.entries(headers).every(
          ([name, value]) => /^[\w!#$%&'*+.^`|~-]{1,128}$/.test(name) && /^[\t\x20-\x7e\x80-\xff]{0,8192}$/.test(value)
        ),
      () => 'has what no header can be'
    )
  ),
  body: Type.Optional(text(MOST.reply))
})

const verdict = kinds<Verdict>({
  genuine: Type.Object({ kind: Type.Literal('genuine') }),
  answer: Type.Object({ kind: Type.Literal('answer'), reply: REPLY }),
  refused: Type.Object({ kind: Type.Literal('refused'), ...reason })
})

/** Reads the answer of a webhook's `verify`. A call with a wrong answer counts as not genuine. */
export const readVerdict = (answer: unknown): Read<Verdict> =>
  reading(answer, fields => {
    shortenReason(fields)
    return verdict(fields)
  })

const reply = checker<{ reply: Reply }>(Type.Object({ reply: REPLY }))

interface Report {
  events: GatewayEvent[]
  /** The errors of invalid events and of the reply. */
  wrong: string[]
}

const elsewhere = checker<{ elsewhere: string[] }>(Type.Object({ elsewhere: list(Id, MOST.accounts) }))

type Skipped = Readonly<Record<string, number>>

/** Counts by reason. A reason may quote the gateway at any length: a long one is shortened, and those above the greatest count are `other`. */
function readSkipped(fields: Fields): Read<Skipped> {
  const { skipped } = fields
  if (!isFields(skipped)) return { wrong: '/skipped is no object' }
  const counts = new Map<string, number>()
  for (const [reason, count] of Object.entries(skipped)) {
    if (!Number.isSafeInteger(count) || (count as number) < 1) return { wrong: '/skipped has what is no count' }
    const name = shortened(reason.toWellFormed().replaceAll('\0', ''), MOST.skipReason)
    const key = counts.has(name) || counts.size < MOST.reasons - 1 ? name : 'other'
    counts.set(key, (counts.get(key) ?? 0) + (count as number))
  }
  return { value: Object.fromEntries(counts) }
}

/** Reads the answer of a webhook's `receive`: the valid events, and the reply if it is valid. */
export function readReceived(
  answer: unknown
): Read<Report & { reply: Reply | undefined; elsewhere: readonly string[]; skipped: Skipped }> {
  const read = reported(answer)
  if ('wrong' in read) return read
  const answered = reading({ reply: fieldOf(answer, 'reply') }, reply)
  const others = reading({ elsewhere: fieldOf(answer, 'elsewhere') ?? [] }, elsewhere)
  const skips = reading({ skipped: fieldOf(answer, 'skipped') ?? {} }, readSkipped)
  const { events, wrong } = read.value
  return {
    value: {
      events,
      reply: 'value' in answered ? answered.value.reply : undefined,
      elsewhere: 'value' in others ? others.value.elsewhere : [],
      skipped: 'value' in skips ? skips.value : {},
      wrong: [...wrong, ...[answered, others, skips].flatMap(one => ('wrong' in one ? [one.wrong] : []))]
    }
  }
}

const cursor = checker<Pick<Polled, 'cursor'>>(Type.Object({ cursor: opaque() }))

/** Reads the answer of a poll's `read`. A cursor that cannot be kept makes all of it wrong, since the next poll would read the same. */
export function readPolled(answer: unknown): Read<Report & Pick<Polled, 'cursor'>> {
  const read = reported(answer)
  if ('wrong' in read) return read
  const next = reading({ cursor: fieldOf(answer, 'cursor') ?? null }, (fields: Fields) => cursor(fields))
  return 'value' in next ? { value: { ...read.value, cursor: next.value.cursor } } : next
}

function reported(answer: unknown): Read<Report> {
  if (typeof answer !== 'object' || answer === null) return { wrong: '/ is no object' }
  return readEvents(fieldOf(answer, 'events'))
}

/** A field that throws when it is read is none. */
function fieldOf(answer: unknown, name: string): unknown {
  try {
    return (answer as Record<string, unknown>)[name]
  } catch {
    return undefined
  }
}
