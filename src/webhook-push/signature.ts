import { createHmac, randomBytes } from 'node:crypto'

/**
 * Signatures of Standard Webhooks 1.0.0, by `node:crypto`. The standard's own library (`standardwebhooks` 1.1.1) is not
 * used: it hashes in JavaScript, by two packages more, and signs with one secret only.
 */

const PREFIX = 'whsec_'
const SECRET_BYTES = 32

export const makeSecret = (): string => `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64')}`

export interface Signed {
  /** The same for each attempt at an event, so that a receiver knows it again. */
  id: string
  /** The time of the attempt. */
  at: Date
  body: string
}

/** The headers of an attempt, signed with each of the secrets: a receiver has one of them while they change. */
export function signatureHeaders({ id, at, body }: Signed, secrets: readonly string[]) {
  const timestamp = String(Math.floor(at.getTime() / 1_000))
  const signatures = secrets.map(secret => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
