import type { FastifyBaseLogger } from 'fastify'
import { type Issuers, originOf } from '../protocol/issuers.ts'
import { quoted } from '../protocol/limits.ts'
import { type Reference, referenceOf } from '../protocol/reference.ts'
import { failure, type Result, success } from '../protocol/result.ts'
import {
  claimsProblem,
  parseToken,
  provenClaims,
  signatureProblem,
  type Token,
  timeProblem
} from '../protocol/tokens.ts'
import type { Keys } from './keys.ts'

/** A proven token: its claims, the plugin instance it is for, and the cluster that signed it. */
export interface Verified {
  claims: Token['claims']
  reference: Reference
  /** The origin of the cluster that signed the token. */
  origin: string
}

/** Verifies a token of at most `longest` characters, 64 KiB by default. The CRM reads the reason of a failure. */
export type Verify = (jwt: unknown, selfUri: string, longest?: number) => Promise<Result<Verified>>

interface Deps {
  issuers: Issuers & { checkExpiry: boolean }
  keys: Pick<Keys, 'get'>
  now: () => Date
  log: Pick<FastifyBaseLogger, 'warn'>
}

/**
 * The order is the reference's, so that each fault gets the answer that operators know, but for the claims: nothing
 * is made of them before the signature holds. Source: docs/protocol.md, "Tokens".
 */
export function createVerifier({ issuers, keys, now, log }: Deps): Verify {
  async function forgeryProblem(token: Token, selfUri: string): Promise<string | undefined> {
    const stranger = claimsProblem(token, selfUri, issuers)
    if (stranger) return stranger
    const key = await keys.get(originOf(token.claims.iss as string), token.header.pkey as string)
    return key.ok ? signatureProblem(token, key.value) : key.reason
  }

  function staleProblem(claims: Token['claims']): string | undefined {
    const problem = timeProblem({ claims }, now())
    if (problem && !issuers.checkExpiry)
      log.warn(
        { event: 'token.stale', iss: quoted(claims.iss), cid: quoted(claims.cid) },
        `${problem}; accepted, since LV_PLUGIN_CHECK_EXPIRY is 0`
      )
    return issuers.checkExpiry ? problem : undefined
  }

  return async (jwt, selfUri, longest) => {
    const token = parseToken(typeof jwt === 'string' ? jwt : '', longest)
    if (!token.ok) return token
    const problem = await forgeryProblem(token.value, selfUri)
    if (problem) return failure(problem)

    const proven = provenClaims(token.value)
    if (!proven.ok) return proven
    const claims = proven.value
    const stale = staleProblem(claims)
    if (stale) return failure(stale)
    const reference = referenceOf(claims)
    return reference
      ? success({ claims, reference, origin: originOf(claims.iss as string) })
      : failure('Requested claim is not configured')
  }
}
