import { randomBytes } from 'node:crypto'
import type { Attachment } from 'channel-kit/chat'
import { type Json, list, record, text } from 'channel-kit/json'
import type { Received } from 'channel-kit/simulator'
import { plainType } from '../src/incoming/media.ts'
import { addressOf, deliveredAt, keep } from './files.ts'
import { envelopeOf } from './messages.ts'
import type { Message, State } from './state.ts'
import { type Change, seconds } from './webhooks.ts'

/** The side of the people who write to the business. */

/** A message of any type, such as `{ type: 'text', text: { body: 'Hi' } }`. Returns its id. */
export function incoming(state: State, contact: string, message: Json): { wamid: string; change: Change } {
  const wamid = text(message.id) || `wamid.${randomBytes(24).toString('base64')}`
  const isNumber = /^\d+$/.test(contact)
  const profile = { profile: { name: `Customer ${contact.slice(-4)}` } }
  if (message.type !== 'reaction' && message.type !== 'system') state.lastIncoming.set(contact, state.now())
  const full = {
    ...(isNumber ? { from: contact } : { from_user_id: contact }),
    id: wamid,
    timestamp: String(seconds(state.now())),
    ...message
  }
  const contacts = [isNumber ? { ...profile, wa_id: contact } : { ...profile, user_id: contact }]
  return { wamid, change: { field: 'messages', value: { ...envelopeOf(state), contacts, messages: [full] } } }
}

/** As a message names a file of its sender's. */
export function fileBody(state: State, base: string, bytes: Buffer, mime: string, more: Json = {}): Json {
  const file = keep(state, bytes, plainType(mime), '')
  return { id: file.id, mime_type: mime, sha256: file.sha256, url: addressOf(state, file, base), ...more }
}

/** A message for each file, the text being the caption of the first that has room for one. */
export async function written(
  state: State,
  base: string,
  { text: body, attachments = [] }: { text: string; attachments?: readonly Attachment[] }
): Promise<readonly Json[]> {
  const files = await Promise.all(attachments.map(attachment => fileMessage(state, base, attachment)))
  const captioned = body ? files.find(file => file.type !== 'audio') : undefined
  const messages = files.map(file =>
    file === captioned ? { ...file, [text(file.type)]: { ...record(file[text(file.type)]), caption: body } } : file
  )
  return body && !captioned ? [{ type: 'text', text: { body } }, ...messages] : messages
}

async function fileMessage(state: State, base: string, { uri, name, type }: Attachment): Promise<Json> {
  const response = await fetch(uri)
  const mime = response.headers.get('content-type') ?? 'application/octet-stream'
  const bytes = Buffer.from(await response.arrayBuffer())
  if (type === 'voice') return { type: 'audio', audio: fileBody(state, base, bytes, mime, { voice: true }) }
  if (type === 'image') return { type: 'image', image: fileBody(state, base, bytes, mime) }
  return { type: 'document', document: fileBody(state, base, bytes, mime, { filename: name }) }
}

/** A message as its customer sees it. */
export function seen(state: State, base: string, { contact, body, at }: Message): Received {
  const own = record(body[text(body.type)])
  const file = state.media.get(text(own.id))
  const shown = body.type === 'template' ? templateText(state, own) : text(own.body) || text(own.caption)
  const linked = text(own.link) ? [text(own.link)] : []
  const files = file ? [deliveredAt(base, file, text(own.filename) || file.name)] : linked
  return { contact, text: shown, files, at }
}

function templateText({ templates }: State, template: Json): string {
  const known = templates.find(
    ({ name, language }) => name === template.name && language === record(template.language).code
  )
  const body = list(known?.components)
    .map(record)
    .find(({ type }) => type === 'BODY')
  const given = list(template.components)
    .map(record)
    .find(({ type }) => type === 'body')
  const parameters = list(given?.parameters).map(record)
  return text(body?.text).replace(/\{\{(\w+)\}\}/g, (_, name: string) =>
    text((parameters.find(parameter => parameter.parameter_name === name) ?? parameters[Number(name) - 1])?.text)
  )
}
