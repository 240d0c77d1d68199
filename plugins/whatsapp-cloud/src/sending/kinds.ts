import type { AttachmentType } from 'channel-kit/chat'
import { fileTypeFromBlob } from 'file-type'
import mime from 'mime'
import type { StoredFile } from './run.ts'

/** A kind of file in WhatsApp. A file that fits no kind is a document, which may be anything. README.md, "Files". */
export interface Kind {
  kind: StoredFile['kind']
  mime: string
  /** Shown as recorded speech. */
  voice: boolean
}

const MIB = 1024 * 1024
export const LARGEST_FILE = 100 * MIB

const OPUS = 'audio/ogg; codecs=opus'

const RULES = [
  { kind: 'image', types: ['image/jpeg', 'image/png'], largest: 5 * MIB },
  { kind: 'video', types: ['video/mp4', 'video/3gpp'], largest: 16 * MIB },
  { kind: 'audio', types: ['audio/aac', 'audio/amr', 'audio/mpeg', 'audio/mp4', OPUS], largest: 16 * MIB }
] as const

/** By other names. */
const SAME_TYPE: Readonly<Record<string, string>> = {
  'audio/x-m4a': 'audio/mp4',
  'audio/opus': OPUS,
  'audio/ogg; codecs=opus': OPUS
}

/** Old files of Office are told apart by their names alone. */
const OFFICE: ReadonlyMap<string, string> = new Map([
  ['doc', 'application/msword'],
  ['xls', 'application/vnd.ms-excel'],
  ['ppt', 'application/vnd.ms-powerpoint']
])

/** By its bytes; its name counts only for what bytes do not tell, such as a text. */
export async function kindOf(file: Blob, name: string, type: AttachmentType): Promise<Kind> {
  const told = (await fileTypeFromBlob(file))?.mime
  const found = told === 'video/mp4' && (await isSound(file, name, type)) ? 'audio/mp4' : told
  const mimeType = found ? (SAME_TYPE[found] ?? found) : (mime.getType(name) ?? 'application/octet-stream')
  const rule = RULES.find(({ types }) => found && (types as readonly string[]).includes(mimeType))
  // An image that an agent attached as a file is to arrive as it is.
  if (!rule || file.size > rule.largest || (rule.kind === 'image' && type === 'file'))
    return { kind: 'document', mime: found ? (inside(found, name) ?? mimeType) : namedType(mimeType), voice: false }
  return { kind: rule.kind, mime: mimeType, voice: rule.kind === 'audio' && type === 'voice' }
}

const inside = (found: string, name: string) =>
  found === 'application/x-cfb' ? OFFICE.get(name.split('.').at(-1)?.toLowerCase() ?? '') : undefined

/** The container of films holds recordings too: then it names no picture. */
async function isSound(file: Blob, name: string, type: AttachmentType): Promise<boolean> {
  let end = Buffer.alloc(0)
  let sounds = type === 'voice' || /\.m4[ab]$/i.test(name.slice(-4))
  for await (const chunk of file.stream()) {
    const piece = Buffer.concat([end, chunk])
    if (piece.includes('vide')) return false
    sounds ||= piece.includes('soun')
    end = piece.subarray(-3)
  }
  return sounds
}

const PREFIX = 'application/vnd.openxmlformats-officedocument'

/** All that Meta takes as a document by an upload. */
const UPLOADED = [
  ...OFFICE.values(),
  `${PREFIX}.wordprocessingml.document`,
  `${PREFIX}.presentationml.presentation`,
  `${PREFIX}.spreadsheetml.sheet`,
  'application/pdf',
  'text/plain',
  ...RULES.flatMap(({ types }): readonly string[] => types)
]

export const isUploaded = ({ mime: type }: Kind) => UPLOADED.includes(type)

/** A name may claim anything; as a picture or a film it would be refused. */
const namedType = (type: string) => (/^(image|video|audio)\//.test(type) ? 'application/octet-stream' : type)
