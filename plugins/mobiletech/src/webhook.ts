import type { Received, Reply, Verdict, WebhookRequest } from 'channel-kit/channel'
import { type Document, readDocument, writeDocument } from './document.ts'
import { idOf, incoming } from './incoming-sms.ts'
import type { MobiletechTools } from './settings.ts'
import { reportEvent } from './status.ts'

/** The gateway signs nothing: that it knows the address, of which a part cannot be guessed, is all there is. */
export async function verify({ method }: WebhookRequest): Promise<Verdict> {
  return method === 'POST'
    ? { kind: 'genuine' }
    : { kind: 'answer', reply: { status: 405, headers: { allow: 'POST' }, body: 'The gateway posts' } }
}

/** A document that cannot be read is 400 and would be no better the next time. */
export async function receive({ body, headers }: WebhookRequest, tools: MobiletechTools): Promise<Received> {
  const read = readDocument(body, [headers['content-type']].flat().join())
  return read.kind === 'document'
    ? answered(read.document, tools)
    : refused(read.reason, tools, 'a document that cannot be read')
}

async function answered(document: Document, tools: MobiletechTools): Promise<Received> {
  if (document.command === 'receive') {
    const received = await incoming(document, tools)
    return received.kind === 'events'
      ? { reply: acknowledged('rcv_rsp', document), events: received.events }
      : refused(received.reason, tools)
  }
  if (document.command === 'status') {
    const id = idOf(document.fields)
    const code = document.fields.get('status')?.trim() ?? ''
    return id
      ? {
          reply: acknowledged('status_rsp', document),
          events: [reportEvent(id, code, { billkey: tools.settings.gateway.billkey, now: tools.now() })]
        }
      : refused('there is no id', tools)
  }
  return refused('the command is none that is known', tools)
}

/** The same bytes for the same message, however often it comes. */
const acknowledged = (command: string, { fields }: Document): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/xml; charset=utf-8' },
  body: writeDocument(command, { id: idOf(fields) ?? '' })
})

/** The parser's error may quote a whole SMS. */
const MAX_REASON = 100

/** `skipped`: what an operator is told, which quotes nothing. */
function refused(said: string, { log }: MobiletechTools, skipped = said): Received {
  const reason = said.slice(0, MAX_REASON).toWellFormed()
  log.warn({ reason }, 'A document of the gateway cannot be read')
  return {
    reply: { status: 400, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `Not taken: ${reason}` },
    events: [],
    skipped: { [skipped]: 1 }
  }
}
