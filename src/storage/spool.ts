import { randomUUID } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Spooled } from 'channel-kit/tools'
import { assertFloor, NoRoom } from './quota.ts'
import { cleanUploads, FOLDER_MODE, openDraft } from './uploads.ts'

/**
 * Files on their way to a gateway, on the disk instead of in everybody's memory: sixteen films of one account at a time
 * would be 1.6 GB of it.
 */

export type Spool = ReturnType<typeof openSpool>

interface Deps {
  dataDir: string
  /** Bytes of the disk that stay free; 0: none. */
  floor: number
  most?: number
  now: () => Date
}

/** Bytes that one registration may have on their way at a time, in one host. */
const MAX_SPOOLED_BYTES = 512 * 1024 * 1024

/** Files older than this are of hosts that died: no call takes that long. */
const ORPHANED_AFTER_MS = 3_600_000

export function openSpool({ dataDir, floor, most = MAX_SPOOLED_BYTES, now }: Deps) {
  const root = join(dataDir, 'spool')
  const held = new Map<number, number>()
  const change = (registrationId: number, bytes: number): number => {
    const after = (held.get(registrationId) ?? 0) + bytes
    if (after > 0) held.set(registrationId, after)
    else held.delete(registrationId)
    return after
  }

  return {
    async prepare(): Promise<void> {
      await mkdir(root, { recursive: true, mode: FOLDER_MODE })
      await cleanUploads(root, new Date(now().getTime() - ORPHANED_AFTER_MS), false)
    },

    /** Throws `NoRoom` when the registration has too much on its way, or the disk is nearly full; nothing is left behind. */
    async keep(registrationId: number, bytes: AsyncIterable<Uint8Array>): Promise<Spooled> {
      await assertFloor(root, floor)
      const path = join(root, randomUUID())
      let own = 0
      const remove = async () => {
        change(registrationId, -own)
        own = 0
        await rm(path, { force: true })
      }
      const counted = new Transform({
        transform(chunk: Buffer, _, done) {
          own += chunk.length
          if (change(registrationId, chunk.length) <= most) return done(null, chunk)
          done(new NoRoom('quota', 'Too many files of the account are on their way at a time'))
        }
      })
      try {
        const file = await openDraft(path)
        await pipeline(Readable.from(bytes), counted, file.createWriteStream())
        return { blob: await openAsBlob(path), [Symbol.asyncDispose]: remove }
      } catch (error) {
        await remove()
        throw error
      }
    }
  }
}
