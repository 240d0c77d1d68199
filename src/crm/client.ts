import type { Outbound } from '../http-client/address-policy.ts'
import { within } from '../http-client/timeout.ts'
import type { ClaimedItem } from '../outbox/source.ts'
import { type Issuers, issuerProblem } from '../protocol/issuers.ts'
import { CALLS, callBody, callClaims, callUrl, userAgent } from '../protocol/special-request.ts'
import { signToken } from '../protocol/tokens.ts'
import type { Registration } from '../registrations/store.ts'

/** One attempt to tell a CRM something, and how it ended. */
export type CrmAnswer =
  | { kind: 'delivered'; warning: string | null }
  /** The CRM will never take this item. */
  | { kind: 'stopped'; reason: string }
  /** The CRM has archived the plugin and wants to hear nothing. */
  | { kind: 'archived' }
  | { kind: 'failed'; reason: string }

const TIMEOUT_MS = 30_000
/** Nobody reads it. */
const LONGEST_ANSWER = 128 * 1024
const ARCHIVED = 418

interface Deps {
  outbound: Pick<Outbound, 'call'>
  issuers: Issuers
  now: () => Date
}

/** Where a cluster is told of what, which is the same for every item of a registration. */
const urls = new WeakMap<Registration, Partial<Record<ClaimedItem['kind'], URL>>>()

function urlOf(registration: Registration, kind: ClaimedItem['kind']): URL {
  const known = urls.get(registration) ?? {}
  urls.set(registration, known)
  known[kind] ??= new URL(callUrl(registration.clusterUri, registration.companyId, kind))
  return known[kind]
}

function answered(status: number, kind: ClaimedItem['kind']): CrmAnswer {
  const { success, stop } = CALLS[kind]
  if (status === success) return { kind: 'delivered', warning: null }
  // Telling it again would make a second message of it.
  if (status >= 200 && status < 300) return { kind: 'delivered', warning: `answered ${status} instead of ${success}` }
  if (status === ARCHIVED) return { kind: 'archived' }
  if (stop.some(code => code === status)) return { kind: 'stopped', reason: `the CRM answered ${status}` }
  return { kind: 'failed', reason: `the CRM answered ${status}` }
}

/** Signs with the secret of this moment: a token of an earlier attempt could have expired, or the CRM registered anew. */
export const createCrmClient =
  ({ outbound, issuers, now }: Deps) =>
  async (registration: Registration, selfUri: string, item: ClaimedItem): Promise<CrmAnswer> => {
    // A cluster that the operator has taken out since it registered hears nothing more.
    const stranger = issuerProblem(registration.clusterUri, issuers)
    if (stranger) return { kind: 'failed', reason: `the cluster is not allowed: ${stranger}` }
    const { method } = CALLS[item.kind]
    const claims = callClaims(selfUri, registration.clusterUri, registration, item.body, now())
    const token = signToken(claims, registration.hpt)

    try {
      const asked = {
        url: urlOf(registration, item.kind),
        method,
        headers: { 'user-agent': userAgent(selfUri), 'content-type': 'application/json' },
        body: JSON.stringify(callBody(item.kind, token, item.attempts))
      }
      const { status } = await within(TIMEOUT_MS, signal =>
        outbound.call({ ...asked, signals: [signal] }, LONGEST_ANSWER)
      )
      return answered(status, item.kind)
    } catch (error) {
      return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) }
    }
  }
