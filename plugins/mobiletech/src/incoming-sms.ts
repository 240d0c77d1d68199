import type { GatewayEvent, MessageEvent } from 'channel-kit/event'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { automaticAnswer } from './auto-reply.ts'
import { contentText } from './bytes.ts'
import type { Document } from './document.ts'
import { contactOf } from './phone.ts'
import { receivedDate } from './received-date.ts'
import type { MobiletechTools } from './settings.ts'

/** Facts about a message that a reply to it needs, and what else the gateway said. */
export const IncomingContext = Type.Object({
  servId: Type.String(),
  projectId: Type.String(),
  shortNumber: Type.String(),
  /** The gateway's word, which may be one that we do not know. */
  operator: Type.String(),
  dcs: Type.String(),
  esm: Type.String(),
  coding: Type.String()
})

export type IncomingContext = Static<typeof IncomingContext>

export const readContext = (context: unknown): IncomingContext | undefined =>
  Value.Check(IncomingContext, context) ? context : undefined

/** Names are opaque; one that is longer than this, or that XML could not have carried, is none. */
const NAME = /^[^\p{Cc}\p{Cs}]{1,100}$/u

const nameIn = (fields: Document['fields'], field: string): string | undefined =>
  NAME.exec(fields.get(field)?.trim() ?? '')?.[0]

export const idOf = (fields: Document['fields']): string | undefined => nameIn(fields, 'id')

export type Incoming = { kind: 'events'; events: GatewayEvent[] } | { kind: 'bad'; reason: string }

/** A `receive` document as a message, and as its automatic answer if there is one. */
export async function incoming({ fields }: Document, tools: MobiletechTools): Promise<Incoming> {
  const field = (name: string) => fields.get(name) ?? ''
  const ref = idOf(fields)
  const from = nameIn(fields, 'from')
  if (!ref || !from) return { kind: 'bad', reason: 'there is no id or no sender' }

  const { text: written, broken } = contentOf(field('content'), field('content_coding'), field('dcs'))
  // The CRM cannot read JSON with half characters.
  const text = written.replaceAll('\0', '').toWellFormed()
  if (broken) tools.log.warn({ ref }, 'Content that claims to be base64 is not, so it is kept as it came')
  const at = receivedDate(field('receive_date'), tools.now())
  const message: MessageEvent = {
    kind: 'message',
    ref,
    contact: contactOf(from),
    subject: null,
    content: { text: shown(text), format: 'text' },
    attachments: [],
    ...(at ? { at } : {}),
    context: {
      servId: field('serv_id').trim(),
      projectId: field('project_id').trim(),
      shortNumber: field('to').trim(),
      operator: field('operator_type').trim(),
      dcs: field('dcs').trim(),
      esm: field('esm').trim(),
      coding: field('content_coding').trim()
    } satisfies IncomingContext
  }
  if (!text.trim()) {
    tools.log.info({ ref }, 'An SMS without a text is acknowledged and not told')
    return { kind: 'events', events: [] }
  }
  return { kind: 'events', events: [message, ...(await automaticAnswer(message, text, tools))] }
}

/** The CRM takes the text `0` for an empty one, and would refuse the message for good. */
const shown = (text: string) => (text.trim() === '0' ? '"0"' : text)

function contentOf(content: string, coding: string, dcs: string): { text: string; broken: boolean } {
  if (coding.trim().toLowerCase() !== 'base64') return { text: content, broken: false }
  // The alphabet of addresses is one too (RFC 4648, section 5).
  const encoded = content.replace(/\s/g, '').replaceAll('-', '+').replaceAll('_', '/')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(encoded) || encoded.replace(/={1,2}$/, '').length % 4 === 1)
    return { text: content, broken: true }
  return { text: contentText(Buffer.from(encoded, 'base64'), dcs), broken: false }
}
