import type { Outcome } from 'channel-kit/outcome'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'

const Text = Type.String()
const Milliseconds = Type.Number({ minimum: 0 })
const PartNumber = Type.Integer({ minimum: 0, maximum: 9_999 })
const Content = Type.Object({ text: Text, format: Text })
const StatusOf = Type.Object({
  kind: Type.Literal('status'),
  ref: Text,
  status: Type.String({ enum: ['sent', 'delivered', 'read', 'error', 'returned'] }),
  message: Type.Optional(Type.Object({ id: Text, part: Type.Optional(PartNumber) }))
})
const Event = Type.Union([
  StatusOf,
  Type.Object({ kind: Type.Literal('either'), statuses: Type.Array(StatusOf) }),
  Type.Object({
    kind: Type.Literal('message'),
    ref: Text,
    contact: Text,
    attachments: Type.Array(
      Type.Union([
        Type.Object({ name: Text, uri: Text, type: Text }),
        Type.Object({ name: Text, media: Type.Unknown(), type: Text })
      ])
    )
  }),
  Type.Object({ kind: Type.Literal('answer'), ref: Text, contact: Text, content: Content }),
  Type.Object({ kind: Type.Literal('renamed'), from: Text, to: Text }),
  Type.Object({ kind: Type.Literal('note'), name: Text, value: Type.Unknown() })
])

const sent = { sent: Type.Optional(Type.Array(Type.Object({ part: PartNumber, ref: Text }))) }
const reason = { reason: Text }

const known = Compile(
  Type.Union([
    Type.Object({
      kind: Type.Literal('accepted'),
      ref: Text,
      later: Type.Optional(Type.Array(Type.Object({ afterMs: Milliseconds, events: Type.Array(Event) }))),
      restMs: Type.Optional(Milliseconds),
      ...sent
    }),
    Type.Object({ kind: Type.Literal('retry'), ...reason, ...sent, afterMs: Type.Optional(Milliseconds) }),
    Type.Object({ kind: Type.Literal('throttled'), ...reason, ...sent, afterMs: Milliseconds }),
    Type.Object({ kind: Type.Literal('rejected'), ...reason, ...sent, events: Type.Optional(Type.Array(Event)) }),
    Type.Object({
      kind: Type.Literal('unknown'),
      ...reason,
      ...sent,
      awaitMs: Type.Optional(Milliseconds),
      parts: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 }))
    })
  ])
)

/** A channel is another's code: what it answers is checked, and what is no outcome tells nothing about the message. */
export const outcomeOf = (answer: unknown): Outcome =>
  known.Check(answer) && isJson(answer)
    ? (answer as Outcome)
    : { kind: 'unknown', reason: 'the channel answered what is no outcome' }

/** What is to be kept of it has to be JSON. */
function isJson(answer: unknown): boolean {
  try {
    return JSON.stringify(answer) !== undefined
  } catch {
    return false
  }
}
