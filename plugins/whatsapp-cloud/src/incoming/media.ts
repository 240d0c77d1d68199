import type { AttachmentType } from 'channel-kit/chat'
import type { Media } from 'channel-kit/event'
import mime from 'mime'
import { type Json, list, record, text } from '../json.ts'
import { lines, type Manner, type Reader, said } from './said.ts'

/** What `download` needs of a file of a customer's, as the webhook names it. */
export interface StoredMedia {
  kind: 'media'
  id: string
  /** Good for five minutes. */
  url: string
  /** Without parameters; '' if not told. */
  mime: string
  /** Of the bytes, in base64 or hex; anything else says nothing. */
  sha256: string
}

/** A file that the message itself brings. */
export interface StoredText {
  kind: 'text'
  text: string
}

const TOO_LARGE = 131052

export const readImage: Reader = (body, manner, message) => withFile(body, manner, message, 'image')
export const readSticker: Reader = (body, manner, message) => withFile(body, manner, message, 'image')
export const readVideo: Reader = (body, manner, message) => withFile(body, manner, message, 'file')

export const readAudio: Reader = (body, manner, message) => {
  // Old phones say nothing of it; what they record is Opus.
  const voice = body.voice ?? /^audio\/(ogg|opus)/.test(text(body.mime_type))
  return withFile(body, manner, message, voice === true ? 'voice' : 'file')
}

export const readDocument: Reader = (body, manner, message) =>
  withFile(body, manner, message, text(body.mime_type).startsWith('image/') ? 'image' : 'file')

function withFile(body: Json, { translate }: Manner, message: Json, type: AttachmentType) {
  const caption = text(body.caption)
  if (text(body.id)) return said(caption, [mediaOf(body, message, type)])
  const tooLarge = list(message.errors).some(error => record(error).code === TOO_LARGE)
  const missing = tooLarge
    ? translate('chat', '[A file that is too large for WhatsApp to hand over]')
    : translate('chat', '[A file that WhatsApp did not hand over]')
  return said(lines(caption, missing))
}

function mediaOf(body: Json, message: Json, type: AttachmentType): Media {
  const stored: StoredMedia = {
    kind: 'media',
    id: text(body.id),
    url: text(body.url),
    mime: plainType(text(body.mime_type)),
    sha256: text(body.sha256)
  }
  return { media: stored, name: nameOf(body, message, stored.mime), type }
}

/** Of several the one that people know. */
const KNOWN: ReadonlyMap<string, string> = new Map([
  ['audio/mpeg', 'mp3'],
  ['audio/ogg', 'ogg']
])

export const extensionOf = (type: string) => KNOWN.get(plainType(type)) ?? mime.getExtension(type)

/** `audio/ogg; codecs=opus` is `audio/ogg`. */
export const plainType = (type: string) => (type.split(';')[0] ?? '').trim().toLowerCase()

function nameOf(body: Json, message: Json, type: string): string {
  const given = safeName(text(body.filename))
  const extension = extensionOf(type)
  if (given) return extension && !given.includes('.') ? `${given}.${extension}` : given
  const tail = text(message.id)
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(-8)
  return `${text(message.type) || 'file'}-${tail || 'x'}.${extension ?? 'bin'}`
}

/** The last part of what may be a path, without what a disk or a header could stumble over. */
export function safeName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? ''
  const clean = last
    .replace(/[\p{Cc}\p{Cf}<>:"|?*]/gu, '')
    .replace(/^\.+/, '')
    .trim()
  return clean.length > 120 ? `${clean.slice(0, 100)}${clean.slice(-20)}` : clean
}
