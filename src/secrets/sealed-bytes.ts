import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'
import type { KeyWrap } from './secrets.ts'

/**
 * Bytes at rest, sealed by AES-256-GCM with a key that is wrapped by ours. A JWE, as secrets are, would be a third longer;
 * and random nonces under one key wear out after 2^32 of them, which busy webhooks reach in months.
 */
export interface SealedBytes {
  /** Id of the key that wraps the key of these bytes. */
  keyId: string
  key: Buffer
  bytes: Buffer
}

/** A key seals so many, numbered: to make one for each, and to hand its bytes over each time, sealed 1 kB in 63 us instead of 6. */
const MOST_SEALED = 100_000
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Seals with keys of its own, which nobody else seals with. */
export function createSealer(keys: KeyWrap): (bytes: Buffer) => SealedBytes {
  let current = makeKey(keys)
  let count = 0

  return bytes => {
    if (count === MOST_SEALED) {
      current = makeKey(keys)
      count = 0
    }
    const nonce = Buffer.alloc(NONCE_BYTES)
    nonce.writeUInt32BE(count++)
    const cipher = createCipheriv('aes-256-gcm', current.key, nonce)
    const sealed = cipher.update(bytes)
    // A stream cipher keeps nothing back.
    cipher.final()
    return { keyId: keys.newest, key: current.wrapped, bytes: Buffer.concat([nonce, sealed, cipher.getAuthTag()]) }
  }
}

function makeKey(keys: KeyWrap) {
  const bytes = randomBytes(32)
  return { key: createSecretKey(bytes), wrapped: keys.wrap(bytes) }
}

/** Throws where they were changed, or the key is not here. */
export function openBytes(keys: Pick<KeyWrap, 'unwrap'>, { keyId, key, bytes }: SealedBytes): Buffer {
  const nonce = bytes.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', keys.unwrap(keyId, key), nonce, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
}
