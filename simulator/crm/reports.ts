import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Plugin } from './plugin.ts'

const StatusReport = Type.Object({
  id: Type.String(),
  status: Type.Union([Type.Literal('sent'), Type.Literal('delivered'), Type.Literal('read'), Type.Literal('error')])
})

const IncomingReport = Type.Object({
  chat: Type.Object({
    id: Type.Null(),
    contact: Type.String({ minLength: 1 }),
    subject: Type.Union([Type.String(), Type.Null()])
  }),
  message: Type.Object({
    content: Type.Union([Type.Null(), Type.Object({ text: Type.String(), format: Type.String() })]),
    attachments: Type.Array(
      Type.Object({
        name: Type.String(),
        uri: Type.String(),
        type: Type.Union([Type.Literal('file'), Type.Literal('image'), Type.Literal('voice')])
      })
    )
  })
})

export interface Verdict {
  status: number
  message: string
}

/** Takes a verified report into the chats of its plugin. Stop codes are the real CRM's: 404 and 405. */
export const takeReport = {
  status(plugin: Plugin, body: unknown): Verdict {
    if (!Value.Check(StatusReport, body)) return { status: 405, message: unreadable(StatusReport, body) }
    return plugin.conversations.status(body.id, body.status)
      ? { status: 200, message: 'Status taken' }
      : { status: 404, message: `No message ${body.id} was ever sent` }
  },

  incoming(plugin: Plugin, body: unknown): Verdict {
    if (!Value.Check(IncomingReport, body)) return { status: 405, message: unreadable(IncomingReport, body) }
    const { chat, message }: Static<typeof IncomingReport> = body
    plugin.conversations.incoming({ contact: chat.contact, subject: chat.subject, ...message })
    return { status: 201, message: 'Message taken' }
  }
}

function unreadable(schema: typeof StatusReport | typeof IncomingReport, body: unknown): string {
  const [first] = Value.Errors(schema, body)
  return `Can not read the report: ${first?.instancePath ?? ''} ${first?.message ?? ''}`.trim()
}
