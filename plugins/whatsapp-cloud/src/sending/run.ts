import type { GatewayEvent } from 'channel-kit/event'
import type { Json } from 'channel-kit/json'
import type { Outcome, Outgoing, Part } from 'channel-kit/outcome'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Caller } from '../graph/call.ts'
import type { WhatsAppTools } from '../settings.ts'
import type { Recipient } from './recipient.ts'

/** Progress of an attempt, for the next one. */
export const Progress = Type.Object({
  /** Files that Meta has already, by their place in the message; ids live for 30 days. */
  files: Type.Record(
    Type.String(),
    Type.Object({
      kind: Type.Union([
        Type.Literal('image'),
        Type.Literal('video'),
        Type.Literal('audio'),
        Type.Literal('document'),
        Type.Literal('link')
      ]),
      id: Type.String(),
      name: Type.String(),
      voice: Type.Boolean(),
      /** The id is an address, from which Meta fetches it. */
      linked: Type.Optional(Type.Boolean())
    })
  ),
  /** Attempts at what is in hand now, since something last went well. */
  tries: Type.Integer({ minimum: 0 }),
  /** Times that the number was too fast. */
  slowed: Type.Optional(Type.Integer({ minimum: 0 })),
  /** The part that may have left. */
  doubt: Type.Optional(Type.Integer({ minimum: 0 })),
  /** When the account was first found unable to send, in ms. */
  since: Type.Optional(Type.Number()),
  /** Meta said that the window is closed. */
  closed: Type.Optional(Type.Boolean()),
  /** The message that it quotes: that of the first attempt. */
  quoted: Type.Optional(Type.String())
})

export type Progress = Static<typeof Progress>
export type StoredFile = Progress['files'][string]

const FRESH: Progress = { files: {}, tries: 0 }

export const progressOf = (given: unknown): Progress => (Value.Check(Progress, given) ? given : FRESH)

/** An attempt at a message. */
export interface Run {
  message: Outgoing
  tools: WhatsAppTools
  caller: Caller
  recipient: Recipient
  progress: Progress
  /** Parts that Meta has. */
  sent: readonly Part[]
  /** In ms, by the tools' clock. */
  started: number
  /** All files were stored anew, since Meta did not know one any more. */
  stored?: boolean
}

/** A step of an attempt: it went well, or it ends the attempt. */
export type Step<Value> = { kind: 'done'; value: Value } | { kind: 'ended'; outcome: Outcome }

export const done = <Value>(value: Value): Step<Value> => ({ kind: 'done', value })
export const ended = (outcome: Outcome): Step<never> => ({ kind: 'ended', outcome })

export const rejected = ({ sent }: Pick<Run, 'sent'>, reason: string): Outcome => ({ kind: 'rejected', reason, sent })

/** A send has 30 s; what would not be finished by then is left to the next attempt, which goes on from there. */
const LAST_START_MS = 10_000
const LAST_END_MS = 26_000

const elapsed = ({ tools, started }: Run) => tools.now().getTime() - started

export const isLate = (run: Run) => elapsed(run) > LAST_START_MS

export const remainingMs = (run: Run) => Math.max(1_000, LAST_END_MS - elapsed(run))

export const later = ({ sent, progress, tools }: Run): Outcome => ({
  kind: 'retry',
  reason: tools.translate('reasons', 'It takes longer; going on'),
  afterMs: 0,
  sent,
  progress
})

/** Nothing reached Meta, so there is nothing to be careful about: the queue's own interval and attempts hold. */
export const unreached = ({ sent, progress }: Run, reason: string): Outcome => ({
  kind: 'retry',
  reason,
  sent,
  progress
})

/** Bodies for the API, one a part. The same at every attempt. */
export interface Plan {
  /** With the files that are stored by now. */
  run: Run
  parts: readonly Json[]
  /** The number of the first. */
  from: number
  /** For the account's notes, once it is sent. */
  notes: readonly GatewayEvent[]
  /** Made by what was noted of a template before. */
  noted: boolean
  /** A story entry about how the message was sent. */
  told?: string
}
