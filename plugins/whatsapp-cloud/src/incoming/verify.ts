import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Verdict, WebhookRequest } from 'channel-kit/channel'
import { secretsOf } from '../graph/access.ts'
import type { WhatsAppTools } from '../settings.ts'

/** Verifies the caller: Meta proves itself by a signature, and asks us by a challenge. README.md, "Webhooks". */
export async function verify(
  { method, query, headers, body }: WebhookRequest,
  { settings: { account } }: Pick<WhatsAppTools, 'settings'>
): Promise<Verdict> {
  return method === 'GET'
    ? answerChallenge(query, account.verifyToken.trim())
    : checkSignature(headers['x-hub-signature-256'], body, secretsOf(account.appSecret))
}

/** Echoes nothing that a browser could take for a page. */
const CHALLENGE = /^[\w-]{1,256}$/

function answerChallenge(query: WebhookRequest['query'], verifyToken: string): Verdict {
  const { 'hub.mode': mode, 'hub.verify_token': given, 'hub.challenge': challenge } = query
  if (mode !== 'subscribe') return { kind: 'refused', reason: 'It does not ask to subscribe' }
  if (verifyToken === '' || typeof given !== 'string' || !sameText(given, verifyToken))
    return { kind: 'refused', reason: 'The verify token is another one' }
  if (typeof challenge !== 'string' || !CHALLENGE.test(challenge))
    return { kind: 'refused', reason: 'There is no challenge' }
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }
  return { kind: 'answer', reply: { status: 200, headers, body: challenge } }
}

function checkSignature(header: unknown, body: Buffer, secrets: readonly string[]): Verdict {
  const [, hex = ''] = /^sha256=([0-9a-f]{64})$/i.exec(typeof header === 'string' ? header : '') ?? []
  if (!hex) return { kind: 'refused', reason: 'There is no signature' }
  const given = Buffer.from(hex, 'hex')
  // All of them are tried, so that the time does not tell which one it was.
  const holding = secrets.filter(secret => timingSafeEqual(given, createHmac('sha256', secret).update(body).digest()))
  return holding.length > 0 ? { kind: 'genuine' } : { kind: 'refused', reason: 'The signature does not hold' }
}

/** In a time that does not tell how much of them is the same. */
function sameText(one: string, other: string): boolean {
  const digest = (value: string) => createHmac('sha256', 'compare').update(value).digest()
  return timingSafeEqual(digest(one), digest(other))
}
