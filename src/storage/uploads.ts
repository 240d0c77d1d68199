import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Reference } from '../protocol/reference.ts'

/** Files that the CRM and its customers fetch. A name is made here; of the given one only the extension is kept. */

export type Uploads = ReturnType<typeof openUploads>

/** What follows the last dot of a name's last part, lower-cased; empty when there is none. */
export function extensionOf(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? ''
  return last.includes('.') ? last.slice(last.lastIndexOf('.') + 1).toLowerCase() : ''
}

/** Whether an extension can be part of a path and a URL as it is. */
export const isPlain = (extension: string) => /^[a-z0-9]{1,16}$/.test(extension)

/** Thrown by `keep` when there are more bytes than allowed; nothing is left behind. */
export class TooLarge extends Error {}

export function openUploads(url: string | undefined, dataDir: string) {
  const root = fileURLToPath(new URL(url ?? pathToFileURL(join(dataDir, 'uploads')).href))

  return {
    root,

    /** Streams a file to the disk; it appears under its name only when it is whole. Returns its path below the root. */
    async keep(
      { companyId, pluginId }: Reference,
      extension: string,
      bytes: AsyncIterable<Uint8Array>,
      largest = Number.POSITIVE_INFINITY
    ): Promise<string> {
      const folder = join(safe(companyId), safe(pluginId))
      const path = join(folder, `${randomUUID()}.${extension}`)
      const draft = join(root, `${path}.part`)
      try {
        const file = await openDraft(draft)
        await pipeline(Readable.from(bytes), limit(largest), file.createWriteStream())
        await rename(draft, join(root, path))
        return path
      } catch (error) {
        await rm(draft, { force: true })
        throw error
      }
    },

    prepare: () => mkdir(root, { recursive: true }),

    async discard(path: string): Promise<void> {
      await rm(join(root, path), { force: true })
    },

    /** Removes files not written since `before`, and folders that are then empty. Returns what it removed, or would. */
    clean: (before: Date, { dryRun }: { dryRun: boolean }) => cleanFolder(root, before, dryRun)
  }
}

/** Twice, since cleaning up may remove the folder as soon as it is made. */
async function openDraft(path: string, again = true): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true })
  return open(path, 'w', 0o644).catch(error => {
    if (!again || error.code !== 'ENOENT') throw error
    return openDraft(path, false)
  })
}

/** A folder's name, and as such a part of a URL. Two ids may share one: the files' own names are unique. */
const safe = (id: string) => id.replace(/[^A-Za-z0-9_-]/g, '_')

/** Reads what is too much to its end, so that the sender hears the answer instead of a broken pipe. */
const limit = (largest: number) => {
  let length = 0
  return new Transform({
    transform(chunk: Buffer, _, done) {
      length += chunk.length
      done(null, length > largest ? undefined : chunk)
    },
    flush(done) {
      done(length > largest ? new TooLarge(`more than ${largest} bytes`) : null)
    }
  })
}

async function cleanFolder(folder: string, before: Date, dryRun: boolean): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const removed: string[] = []
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      removed.push(...(await cleanFolder(path, before, dryRun)))
      // Fails while something is left in it, which is the point.
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
