import type { Outcome } from 'channel-kit/outcome'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'

const Text = Type.String()
const Milliseconds = Type.Number({ minimum: 0 })
const Event = Type.Union([
  Type.Object({
    kind: Type.Literal('status'),
    ref: Text,
    status: Type.String({ enum: ['sent', 'delivered', 'read', 'error'] })
  }),
  Type.Object({
    kind: Type.Literal('message'),
    ref: Text,
    contact: Text,
    attachments: Type.Array(Type.Object({ name: Text, uri: Text, type: Text }))
  })
])

const known = Compile(
  Type.Union([
    Type.Object({
      kind: Type.Literal('accepted'),
      ref: Text,
      later: Type.Optional(Type.Array(Type.Object({ afterMs: Milliseconds, events: Type.Array(Event) })))
    }),
    Type.Object({ kind: Type.Literal('retry'), reason: Text, afterMs: Type.Optional(Milliseconds) }),
    Type.Object({ kind: Type.Literal('throttled'), reason: Text, afterMs: Milliseconds }),
    Type.Object({ kind: Type.String({ enum: ['rejected', 'unknown'] }), reason: Text })
  ])
)

/** A channel is another's code: what it answers is checked, and what is no outcome tells nothing about the message. */
export const outcomeOf = (answer: unknown): Outcome =>
  known.Check(answer) ? (answer as Outcome) : { kind: 'unknown', reason: 'the channel answered what is no outcome' }
