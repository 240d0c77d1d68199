import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { CompactEncrypt, compactDecrypt } from 'jose'
import type { Database } from '../postgres/connect.ts'
import { secretKeys } from '../postgres/schema/keys.ts'

/** Secrets at rest: each a JWE (A256GCM) that names its key. The newest key seals, every known one opens. */
export interface Secrets {
  seal(text: string): Promise<string>
  open(sealed: string): Promise<string>
}

/** Keys of bytes that are sealed one by one: each is wrapped by a key of ours, so that a rotation wraps it anew and leaves the bytes alone. */
export interface KeyWrap {
  /** Id of the wrapping key. */
  newest: string
  wrap(key: Buffer): Buffer
  /** Throws where the key of that id is not here, or is another. */
  unwrap(id: string, wrapped: Buffer): Buffer
}

interface Key {
  id: string
  bytes: Uint8Array
  /** Made of it to wrap others, since a key has one use. */
  wrapping: Buffer
}

const TRIAL = 'chat-plugin-host'

/** `ids`: of every key that opens. */
export type OpenedSecrets = Secrets & KeyWrap & { ids: readonly string[] }

/** `list`: `id:base64` of 32 bytes each, newest first. */
export function openSecrets(list: string): OpenedSecrets {
  const keys = list
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(parseKey)
  const [newest] = keys
  if (!newest) throw new Error('LV_PLUGIN_SECRET_KEYS has no key')

  const keyOf = (id: string | undefined): Key => {
    const key = keys.find(key => key.id === id)
    if (!key) throw new Error(`A secret is sealed with the key "${id}", which LV_PLUGIN_SECRET_KEYS does not have`)
    return key
  }

  return {
    newest: newest.id,
    ids: keys.map(({ id }) => id),
    seal: text =>
      new CompactEncrypt(new TextEncoder().encode(text))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: newest.id })
        .encrypt(newest.bytes),
    async open(sealed) {
      const { plaintext } = await compactDecrypt(sealed, ({ kid }) => keyOf(kid).bytes, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM']
      })
      return new TextDecoder().decode(plaintext)
    },
    wrap(key) {
      const cipher = createCipheriv(KEY_WRAP, newest.wrapping, WRAP_IV)
      return Buffer.concat([cipher.update(key), cipher.final()])
    },
    unwrap(id, wrapped) {
      const decipher = createDecipheriv(KEY_WRAP, keyOf(id).wrapping, WRAP_IV)
      return Buffer.concat([decipher.update(wrapped), decipher.final()])
    }
  }
}

/** AES Key Wrap, which needs no nonce; its initial value is that of RFC 3394. */
const KEY_WRAP = 'id-aes256-wrap'
const WRAP_IV = Buffer.alloc(8, 0xa6)

function parseKey(word: string): Key {
  const [id = '', base64 = ''] = word.split(':')
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length !== 32) throw new Error(`LV_PLUGIN_SECRET_KEYS: the key "${id}" does not have 32 bytes`)
  return { id, bytes, wrapping: Buffer.from(hkdfSync('sha256', bytes, '', 'key wrap', 32)) }
}

/** The keys of a host that was given none: kept in DATA_DIR, made at the first start. Back them up with the database. */
export async function keepKeys(dataDir: string): Promise<string> {
  const path = join(dataDir, 'secret.keys')
  const kept = await readFile(path, 'utf8').catch(() => undefined)
  if (kept) {
    // A copy from elsewhere may have lost its mode.
    await chmod(path, 0o600).catch(() => {})
    return kept.trim()
  }
  const made = `k${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64')}`
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  // Two first starts at once agree on the one that was written first.
  await writeFile(path, `${made}\n`, { mode: 0o600, flag: 'wx' }).catch(() => {})
  return (await readFile(path, 'utf8')).trim()
}

/**
 * Throws unless this host can open every secret that the database may hold, so
 * that a host with other keys stops at its start and not at a message. `made`:
 * the key was made here, since none was given; it is good for a new database
 * only, and must not become known to one that has another.
 */
export async function checkKeys({ db }: Pick<Database, 'db'>, secrets: OpenedSecrets, made: boolean): Promise<void> {
  const trial = await secrets.seal(TRIAL)
  await db.transaction(async tx => {
    await tx.execute(sql`lock table ${secretKeys} in share row exclusive mode`)
    const known = await tx.select().from(secretKeys)
    for (const { id, sealed } of known) {
      const opened = await secrets.open(sealed).catch(() => undefined)
      if (opened !== TRIAL)
        throw new Error(
          `The database has secrets sealed with the key "${id}", which this host does not have or has differently. Give it by LV_PLUGIN_SECRET_KEYS.`
        )
    }
    // Only now: a host that is refused must not have its key asked of the others.
    if (known.length === 0 || !made)
      await tx.insert(secretKeys).values({ id: secrets.newest, sealed: trial }).onConflictDoNothing()
  })
}
