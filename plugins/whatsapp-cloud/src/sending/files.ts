import type { Attachment } from 'channel-kit/chat'
import { type Answer, call, idOf } from '../graph/call.ts'
import type { GraphError } from '../graph/errors.ts'
import { extensionOf, safeName, withExtension } from '../incoming/media.ts'
import { fetchFile } from './fetch-file.ts'
import { isUploaded, type Kind, kindOf } from './kinds.ts'
import { backOff, refusal } from './refusal.ts'
import {
  done,
  ended,
  isLate,
  later,
  type Run,
  rejected,
  remainingMs,
  type Step,
  type StoredFile,
  unreached
} from './run.ts'

/**
 * Brings all files of a message to Meta before anything of it is sent: they
 * arrive in order then, and a file that nobody can have costs no half message.
 */
export async function storeFiles(given: Run): Promise<Step<Run>> {
  let run = given
  for (const [place, attachment] of given.message.attachments.entries()) {
    if (run.progress.files[place]) continue
    if (isLate(run)) return ended(later(run))
    const stored = await storeFile(attachment, run)
    if (stored.kind === 'ended') return stored
    run = { ...run, progress: { ...run.progress, tries: 0, files: { ...run.progress.files, [place]: stored.value } } }
  }
  return done(run)
}

/** In the order of the message. */
export const filesOf = ({ message, progress }: Run): readonly StoredFile[] =>
  message.attachments.flatMap((_, place) => progress.files[place] ?? [])

async function storeFile(attachment: Attachment, run: Run): Promise<Step<StoredFile>> {
  const { translate } = run.tools
  const name = nameOf(attachment)
  const fetched = await fetchFile(attachment, run.tools, remainingMs(run))
  const problem = (reason: string) =>
    translate('reasons', 'The file {name} cannot be fetched: {reason}', { name, reason })
  if (fetched.kind === 'gone') return ended(rejected(run, problem(fetched.reason)))
  if (fetched.kind === 'later') return ended(backOff(run, problem(fetched.reason)))
  if (fetched.kind === 'large') return done({ kind: 'link', id: attachment.uri, name, voice: false })
  await using file = fetched.file
  if (file.blob.size === 0) return ended(rejected(run, problem(translate('reasons', 'it is empty'))))
  return await upload(file.blob, name, await kindOf(file.blob, name, attachment.type), run, attachment.uri)
}

const REFUSED_AS_SUCH = 131053

const isAboutType = ({ code, message }: GraphError) =>
  code === 100 && /file with one of the following types|file too large/i.test(message)

async function upload(bytes: Blob, name: string, kind: Kind, run: Run, uri: string): Promise<Step<StoredFile>> {
  const full = withExtension(name, extensionOf(kind.mime))
  // Meta takes few types as an upload, and any by an address.
  const linked: StoredFile = { kind: 'document', id: uri, name: full, voice: false, linked: true }
  if (!isUploaded(kind)) return done(linked)
  const answer = await post(bytes, full, kind.mime, run)
  if (answer.kind === 'error') {
    if (answer.error.code === REFUSED_AS_SUCH || isAboutType(answer.error)) return done(linked)
    return ended(refusal(answer, run))
  }
  if (answer.kind === 'unsent') return ended(unreached(run, answer.reason))
  // A file that was stored twice hurts nobody.
  if (answer.kind !== 'done') return ended(backOff(run, answer.reason))
  const id = idOf(answer.body)
  if (!id) return ended(backOff(run, run.tools.translate('reasons', 'WhatsApp gave the file no id')))
  return done({ kind: kind.kind, id, name: full, voice: kind.voice })
}

function post(bytes: Blob, name: string, type: string, run: Run): Promise<Answer> {
  const form = new FormData()
  form.set('messaging_product', 'whatsapp')
  form.set('type', type)
  form.set('file', bytes.slice(0, bytes.size, type), name)
  const path = `${run.tools.settings.account.phoneNumberId}/media`
  return call(run.caller, { method: 'POST', path, form, timeoutMs: remainingMs(run) })
}

const nameOf = ({ name, uri }: Attachment) =>
  safeName(name) ||
  safeName(URL.canParse(uri) ? (decoded(new URL(uri).pathname).split('/').at(-1) ?? '') : '') ||
  'file'

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
