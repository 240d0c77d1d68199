import { createHash, createHmac, generateKeyPairSync, KeyObject, randomUUID, sign } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Crm } from 'simulator/crm'
import type { Test } from 'tap'

/** A dishonest CRM: tokens signed in every wrong way, and keys served in every wrong way. */

export interface Key {
  pem: string
  pkey: string
  privateKey: KeyObject
}

export const md5 = (text: string) => createHash('md5').update(text).digest('hex')

export function makeKey(): Key {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
  return { pem, pkey: md5(pem), privateKey }
}

/** The same key under another name: what stands before a PEM counts for its md5 and for nothing else. */
export function renamed(key: Key, before = `${randomUUID()}\n`): Key {
  const pem = `${before}${key.pem}`
  return { ...key, pem, pkey: md5(pem) }
}

/** The key of a simulated CRM, to sign with by hand. */
export const keyOf = ({ key }: Pick<Crm, 'key'>): Key => ({ ...key, privateKey: KeyObject.from(key.privateKey) })

export type Signer = (signed: string) => Buffer

export const rsa =
  ({ privateKey }: Key, hash = 'RSA-SHA512'): Signer =>
  signed =>
    sign(hash, Buffer.from(signed), privateKey)

export const hmac =
  (secret: string): Signer =>
  signed =>
    createHmac('sha512', secret).update(signed).digest()

export const unsigned: Signer = () => Buffer.alloc(0)

/** A compact JWS of any header and any claims; texts are taken as they are. */
export function jws(header: unknown, claims: unknown, signer: Signer): string {
  const signed = [header, claims]
    .map(part => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${signed}.${signer(signed).toString('base64url')}`
}

type Serve = (response: ServerResponse) => void

/** A cluster that serves keys, and remembers who asked for what. */
export async function testCluster(t: Test) {
  const served = new Map<string, Serve>()
  const asked: { path: string; headers: Readonly<Record<string, unknown>> }[] = []
  const server = createServer(({ url = '', headers }, response) => {
    asked.push({ path: url, headers })
    const serve = served.get(url)
    if (serve) serve(response)
    else response.writeHead(404).end('no such key')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(resolve))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

  return {
    url,
    asked,
    times: (path: string) => asked.filter(asked => asked.path === path).length,
    /** From now on answers so at the path of this key. */
    serve: ({ pkey }: Pick<Key, 'pkey'>, how: string | Serve) =>
      served.set(`/pkey/${pkey}`, typeof how === 'string' ? response => response.end(how) : how),
    /** A token as this cluster would sign it, with any header, claim and signature changed. */
    token: (key: Key, aud: string, claims: object = {}, header: object = {}, signer: Signer = rsa(key)) =>
      jws(
        { typ: 'JWT', alg: 'RS512', pkey: key.pkey, ...header },
        { iss: url, aud, cid: '1', plugin: { alias: 'chat', id: '10' }, settings: true, ...claims },
        signer
      )
  }
}
