import { randomUUID } from 'node:crypto'
import { chmod, type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Reference } from '../protocol/reference.ts'
import { NoRoom, QUOTA, type Quota, type Ticket } from './quota.ts'

/** Files that the CRM and its customers fetch. A name is made here; of the given one only the extension is kept. */

/** Files of customers are readable for the host's user only. */
export const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

export type Uploads = ReturnType<typeof openUploads>

/** The text after the last dot of a path's last part, lower-cased; empty when there is none. */
export function extensionOf(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? ''
  return last.includes('.') ? last.slice(last.lastIndexOf('.') + 1).toLowerCase() : ''
}

/** An extension that can stand in a path and a URL unescaped. */
export const isSafeExtension = (extension: string) => /^[a-z0-9]{1,16}$/.test(extension)

/** Thrown by `keep` when there are more bytes than allowed; nothing is left behind. */
export class TooLarge extends Error {}

/** The folder of the configuration. */
export const uploadsRoot = (url: string | undefined, dataDir: string): string =>
  fileURLToPath(new URL(url ?? pathToFileURL(join(dataDir, 'uploads')).href))

interface Owner extends Reference {
  /** The registration's. */
  id: number
}

export function openUploads(root: string, quota: Quota) {
  return {
    root,

    /** Streams a file to the disk; it appears under its name only when it is whole. Returns its path below the root. */
    async keep(
      { id, companyId, pluginId }: Owner,
      extension: string,
      bytes: AsyncIterable<Uint8Array>,
      largest = Number.POSITIVE_INFINITY
    ): Promise<string> {
      const folder = join(safe(companyId), safe(pluginId))
      const name = `${randomUUID()}.${extension}`
      const path = join(folder, name)
      const draft = join(root, folder, `.${name}`)
      const ticket = await quota.open(id)
      try {
        const file = await openDraft(draft)
        await pipeline(Readable.from(bytes), limit(largest, ticket), file.createWriteStream())
        await ticket.kept(path)
        await rename(draft, join(root, path))
        return path
      } catch (error) {
        await rm(draft, { force: true })
        throw error
      } finally {
        ticket.release()
      }
    },

    /** Makes the root, and takes it from other users of the machine, also one that an older version made for all. */
    async prepare(): Promise<void> {
      await mkdir(root, { recursive: true, mode: FOLDER_MODE })
      // The mode of another user's folder cannot be changed; its owner decides who reads it.
      await chmod(root, FOLDER_MODE).catch(() => {})
    },

    async discard(path: string): Promise<void> {
      await rm(join(root, path), { force: true })
      await quota.forget(path)
    }
  }
}

/** Opens a draft, and tries twice, since a clean-up may remove the folder as soon as it is made. */
export async function openDraft(path: string, again = true): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE })
  return open(path, 'w', FILE_MODE).catch(error => {
    if (!again || error.code !== 'ENOENT') throw error
    return openDraft(path, false)
  })
}

/** A folder's name, and as such a part of a URL. Two ids may share one: the files' own names are unique. */
const safe = (id: string) => id.replace(/[^A-Za-z0-9_-]/g, '_')

/** Reads a file to its end although it is too large, so that the sender gets the answer instead of a broken pipe. */
const limit = (largest: number, ticket: Ticket) => {
  let length = 0
  let hasRoom = true
  return new Transform({
    transform(chunk: Buffer, _, done) {
      length += chunk.length
      // Dropped bytes do not count towards the quota.
      if (length <= largest && hasRoom) hasRoom = ticket.take(chunk.length)
      done(null, length > largest || !hasRoom ? undefined : chunk)
    },
    flush(done) {
      if (length > largest) done(new TooLarge(`more than ${largest} bytes`))
      else done(hasRoom ? null : new NoRoom('quota', QUOTA))
    }
  })
}

/** Removes files not written since `before`, and folders that are then empty. Returns what it removed, or would. */
export async function cleanUploads(folder: string, before: Date, dryRun: boolean): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const removed: string[] = []
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      removed.push(...(await cleanUploads(path, before, dryRun)))
      // `rmdir` fails while the folder has files, and so removes empty folders only.
      if (!dryRun) await rmdir(path).catch(() => {})
    } else if (await isOlder(path, before)) {
      removed.push(path)
      if (!dryRun) await rm(path, { force: true })
    }
  }
  return removed
}

/** A file may be renamed, or removed by another, while it is looked at. */
const isOlder = (path: string, before: Date) =>
  stat(path).then(
    ({ mtime }) => mtime < before,
    () => false
  )
