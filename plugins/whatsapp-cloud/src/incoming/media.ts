import type { AttachmentType } from 'channel-kit/chat'
import type { Media } from 'channel-kit/event'
import { type Json, list, number, record, text } from 'channel-kit/json'
import mime from 'mime'
import { lines, type Manner, type Reader, said } from './content.ts'

/** A customer's file as the webhook names it, for `download`. */
export interface StoredMedia {
  kind: 'media'
  id: string
  /** Good for five minutes. */
  url: string
  /** Without parameters; '' if not told. */
  mime: string
  /** Hash of the bytes, in base64 or hex; any other text is ignored. */
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

/** The reason why WhatsApp does not hand over a file; '' when there is none. */
export const tooLarge = ({ errors }: Json, { translate }: Pick<Manner, 'translate'>): string =>
  list(errors).some(error => number(record(error).code) === TOO_LARGE)
    ? translate('chat', '[A file that is too large for WhatsApp to hand over]')
    : ''

function withFile(body: Json, manner: Manner, message: Json, type: AttachmentType) {
  const caption = text(body.caption)
  if (text(body.id)) return said(caption, [mediaOf(body, message, type)])
  const missing = tooLarge(message, manner) || manner.translate('chat', '[A file that WhatsApp did not hand over]')
  return said(lines(caption, missing))
}

/** Media of a file of any type. */
export const fileOf = (body: Json, message: Json): Media =>
  mediaOf(body, message, text(body.mime_type).startsWith('image/') ? 'image' : 'file')

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

/** Extensions that people know, where a type has several. */
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
  if (given) return withExtension(given, extension)
  const tail = text(message.id)
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(-8)
  return `${text(message.type) || 'file'}-${tail || 'x'}.${extension ?? 'bin'}`
}

/** Types whose bytes are not also of a type of another name. */
const SURE = ['pdf', 'jpg', 'png', 'gif', 'webp']

/** A dot within a name is no extension: `Invoice No. 5` has none. One that the bytes belie would keep a phone from opening it. */
export function withExtension(name: string, extension: string | null | undefined): string {
  const own = /\.([A-Za-z0-9]{1,8})$/.exec(name.slice(-9))?.[1] ?? ''
  const type = mime.getType(own)
  const isRight = type !== null && !(SURE.includes(extension ?? '') && type !== mime.getType(extension ?? ''))
  return extension && !isRight ? `${name}.${extension}` : name
}

/** A name without what a disk or a header could stumble over; joiners make words and families. */
export function safeName(name: string): string {
  // A path is none of it; a date with slashes is.
  const isPath = /(^|[/\\])\.\.[/\\]|^[/\\]|^[A-Za-z]:[/\\]/.test(name)
  const clean = (isPath ? (name.split(/[/\\]/).at(-1) ?? '') : name)
    .toWellFormed()
    .replace(/[/\\]/g, '-')
    .replace(/[\p{Cc}<>:"|?*\u061C\u200B\u200E\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/gu, '')
    .replace(/^[.-]+/, '')
    .trim()
  return clean.length > 120 ? `${clean.slice(0, 100)}${clean.slice(-20)}` : clean
}
