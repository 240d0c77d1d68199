import type { ChatMessage } from './chat.ts'
import type { GatewayEvent } from './event.ts'

/** A part of a message that the gateway has. Most messages are one part, the part 0. */
export interface Part {
  part: number
  /** Its id at the gateway; statuses name it. */
  ref: string
}

/** A part that the gateway gave back, and the `way` that the status said. */
export interface Returned {
  part: number
  way: string
}

/** A message on its way to the gateway, validated by the host. */
export interface Outgoing extends ChatMessage {
  /** The same at every attempt and unique over all registrations: give it to a gateway that dedupes, or that repeats it in its statuses. */
  id: string
  /** 1 at the first attempt. */
  attempt: number
  /** Where to send it: what the gateway calls the contact now. The same as `contact`, unless an event said `renamed`. */
  address: string
  /** The parts that the gateway has, by the outcomes of earlier attempts and by statuses that named the message. */
  sent: readonly Part[]
  /** Progress that the outcome before this attempt left for it; null at first. */
  progress: unknown
  /** Parts that the gateway has returned by statuses, oldest first; absent where there were none. */
  returned?: readonly Returned[]
  conversation: Conversation
  /** The message that an automatic answer answers, however long it waited; absent in a message of the CRM. */
  answers?: Incoming
}

/** A message of the contact, as the channel told of it. */
export interface Incoming {
  ref: string
  at: Date
  context: unknown
}

/** The host's memory of a conversation for the channel. */
export interface Conversation {
  lastIncoming: Incoming | null
  /** The value that the channel chose to `remember` last; null at first. */
  memory: unknown
}

/** Events that a channel knows will come, since the gateway will not tell. */
export interface Later {
  afterMs: number
  events: readonly GatewayEvent[]
}

/** Values that an attempt to be repeated leaves for the next one. */
interface Carried {
  /** Parts that got through; the host keeps them, together with those of earlier attempts. */
  sent?: readonly Part[]
  /** JSON, instead of what earlier attempts left. */
  progress?: unknown
}

/**
 * How a send ended. A channel returns one of these for every answer that it
 * understands. What it throws, and a missed deadline, the host reads as
 * `unknown` if a request was written, as `retry` if none was.
 *
 * - `accepted`: the gateway has it; `ref` is its id there. Of a message in several parts, `sent` names them all: it is
 *   delivered when all of them are, and in error when one is. With `restMs` the account sends nothing for that long.
 * - `retry`: it surely did not leave; try again, by the queue's interval or after `afterMs`.
 * - `throttled`: too fast for the account; everything of the registration waits `afterMs`, no attempt is counted.
 * - `rejected`: it will never be taken; the CRM is told `error`. `events` are what else is to be kept of that.
 * - `unknown`: it may have left. Repeated only where the gateway `dedupes`. With `awaitMs`, a status that names the
 *   message (`message.id`) may come first: once that time is over, the message is handed to `send` again, with the parts
 *   that were heard of in `sent`. Whether it says `unknown` once more, without `awaitMs`, is up to the channel. `parts`
 *   says how many the message has: once statuses have named them all it is accepted, and not handed over again. So is
 *   one that a status names without a `part`.
 */
export type Outcome =
  | {
      kind: 'accepted'
      ref: string
      sent?: readonly Part[]
      later?: readonly Later[]
      remember?: unknown
      restMs?: number
    }
  | ({ kind: 'retry'; reason: string; afterMs?: number } & Carried)
  | ({ kind: 'throttled'; reason: string; afterMs: number } & Carried)
  | { kind: 'rejected'; reason: string; sent?: readonly Part[]; events?: readonly GatewayEvent[] }
  | ({ kind: 'unknown'; reason: string; awaitMs?: number; parts?: number } & Carried)
