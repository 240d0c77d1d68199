import type { Outbound } from '../http-client/address-policy.ts'
import { within } from '../http-client/timeout.ts'
import type { ClaimedItem } from '../outbox/source.ts'
import { type Issuers, issuerProblem } from '../protocol/issuers.ts'
import { CALLS, callBody, callClaims, callUrl, userAgent } from '../protocol/special-request.ts'
import { signToken } from '../protocol/tokens.ts'
import type { Registration } from '../registrations/store.ts'

/** The outcome of one attempt to deliver an outbox item to a CRM. */
export type CrmAnswer =
  | { kind: 'delivered'; warning: string | null }
  /** The CRM will never take this item. */
  | { kind: 'stopped'; reason: string }
  /** The CRM has archived the plugin: every call is refused until it registers again. */
  | { kind: 'archived' }
  | { kind: 'failed'; reason: string }

const CRM_TIMEOUT_MS = 30_000
/** The CRM's answer is not used beyond its status: a longer one is given up. */
const MAX_ANSWER_BYTES = 128 * 1024
const ARCHIVED = 418

interface Deps {
  outbound: Pick<Outbound, 'call'>
  issuers: Issuers
  now: () => Date
}

/** The URLs of a registration's cluster by the kind of item, parsed once. */
const urls = new WeakMap<Registration, Partial<Record<ClaimedItem['kind'], URL>>>()

function urlOf(registration: Registration, kind: ClaimedItem['kind']): URL {
  const parsed = urls.get(registration) ?? {}
  urls.set(registration, parsed)
  parsed[kind] ??= new URL(callUrl(registration.clusterUri, registration.companyId, kind))
  return parsed[kind]
}

function answered(status: number, kind: ClaimedItem['kind']): CrmAnswer {
  const { success, stop } = CALLS[kind]
  if (status === success) return { kind: 'delivered', warning: null }
  // A repeated delivery would make a second message in the CRM.
  if (status >= 200 && status < 300) return { kind: 'delivered', warning: `answered ${status} instead of ${success}` }
  if (status === ARCHIVED) return { kind: 'archived' }
  if (stop.some(code => code === status)) return { kind: 'stopped', reason: `the CRM answered ${status}` }
  return { kind: 'failed', reason: `the CRM answered ${status}` }
}

/** Signs with the secret of this moment: a token of an earlier attempt could have expired, or the CRM registered anew. */
export const createCrmClient =
  ({ outbound, issuers, now }: Deps) =>
  async (registration: Registration, selfUri: string, item: ClaimedItem): Promise<CrmAnswer> => {
    // The operator may have taken the cluster out of the allowed ones since it registered.
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
      const { status } = await within(CRM_TIMEOUT_MS, signal =>
        outbound.call({ ...asked, signals: [signal] }, MAX_ANSWER_BYTES)
      )
      return answered(status, item.kind)
    } catch (error) {
      return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) }
    }
  }
