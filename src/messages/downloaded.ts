import { ATTACHMENT_TYPES } from 'channel-kit/chat'
import type { Downloaded } from 'channel-kit/event'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'

const Text = Type.String()

const known = Compile(
  Type.Union([
    Type.Object({
      kind: Type.Literal('ready'),
      attachment: Type.Object({ name: Text, uri: Text, type: Type.String({ enum: [...ATTACHMENT_TYPES] }) })
    }),
    Type.Object({
      kind: Type.Literal('retry'),
      reason: Text,
      afterMs: Type.Optional(Type.Number({ minimum: 0 }))
    }),
    Type.Object({ kind: Type.Literal('gone'), reason: Text, text: Text })
  ])
)

/** A channel is another's code: what it answers is checked, and what says nothing about the file is asked for again. */
export const downloadedOf = (answer: unknown): Downloaded =>
  known.Check(answer)
    ? (answer as Downloaded)
    : { kind: 'retry', reason: 'the channel answered what says nothing about the file' }
