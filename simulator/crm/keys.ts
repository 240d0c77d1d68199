import { createHash } from 'node:crypto'
import { type CryptoKey, exportSPKI, generateKeyPair } from 'jose'

export interface SigningKey {
  /** The public half, served to plugins under `/pkey/{pkey}`. */
  pem: string
  /** Name of the key in the header of every token: md5 of the PEM text. */
  pkey: string
  privateKey: CryptoKey
}

export async function createKey(): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair('RS512', { modulusLength: 2048 })
  const pem = await exportSPKI(publicKey)
  return { pem, pkey: createHash('md5').update(pem).digest('hex'), privateKey }
}
