import type { FastifyBaseLogger } from 'fastify'
import { type Reference, referenceOf } from '../protocol/reference.ts'
import {
  claimsProblem,
  type Issuers,
  keyUrl,
  parseToken,
  signatureProblem,
  type Token,
  timeProblem
} from '../protocol/tokens.ts'
import type { Keys } from './keys.ts'

/** What a CRM signed, and for whom. */
interface Verified {
  claims: Token['claims']
  reference: Reference
}

export type Verify = (jwt: unknown, selfUri: string) => Promise<Verified | Refused>

/** Why a token is not believed; for the CRM to read. */
interface Refused {
  refused: string
}

interface Parts {
  issuers: Issuers & { checkExpiry: boolean }
  keys: Pick<Keys, 'get'>
  now: () => Date
  log: Pick<FastifyBaseLogger, 'warn'>
}

/** The order is the reference's, so that each fault gets the answer that operators know. Source: docs/protocol.md, "Tokens". */
export function verifier({ issuers, keys, now, log }: Parts): Verify {
  async function problem(token: Token, selfUri: string): Promise<string | undefined> {
    const forged = claimsProblem(token, selfUri, issuers)
    if (forged) return forged

    const key = await keys.get(token.header.pkey as string, keyUrl(token))
    const unsigned = typeof key === 'string' ? key : signatureProblem(token, key)
    if (unsigned) return unsigned

    const stale = timeProblem(token, now())
    if (stale && !issuers.checkExpiry)
      log.warn(
        { iss: token.claims.iss, cid: token.claims.cid },
        `${stale}; accepted, since LV_PLUGIN_CHECK_EXPIRY is 0`
      )
    return issuers.checkExpiry ? stale : undefined
  }

  return async (jwt, selfUri) => {
    const token = parseToken(typeof jwt === 'string' ? jwt : '')
    if (typeof token === 'string') return { refused: token }

    const refused = await problem(token, selfUri)
    if (refused) return { refused }

    const reference = referenceOf(token.claims)
    return reference ? { claims: token.claims, reference } : { refused: 'Requested claim is not configured' }
  }
}
