import type { Conversation } from 'channel-kit/outcome'
import { readContext } from './incoming-sms.ts'
import { isOperator, type Operator, resolveOperator } from './operators.ts'
import type { MobiletechTools } from './settings.ts'

/** How a message goes: as a reply to what the customer wrote, or as a push, and by which operator. */
export interface Route {
  servId: string
  projectId: string
  /** '' in a push: the only mark of one. */
  rcvMsgId: string
  shortNumber: string
  to: string
  operator: Operator
  /** Seconds. */
  expiration: number
}

export type Routed = { kind: 'route'; route: Route } | { kind: 'none'; reason: string }

const REPLY_S = 100
const PUSH_S = 600
const HOUR_MS = 3_600_000
const DEFAULT_WINDOW_H = 24

export function routeOf(
  to: string,
  { lastIncoming, memory }: Conversation,
  { settings: { gateway }, now }: Pick<MobiletechTools, 'settings' | 'now'>
): Routed {
  const incoming = lastIncoming && { ...lastIncoming, context: readContext(lastIncoming.context) }
  const resolved = resolveOperator({
    lastIncoming: incoming
      ? { at: incoming.at, operator: isOperator(incoming.context?.operator) ? incoming.context.operator : undefined }
      : undefined,
    memory,
    phone: to,
    fallback: gateway.defaultOperator?.find(isOperator)
  })
  if (resolved.kind === 'none') return { kind: 'none', reason: unresolved(to, resolved.left) }

  const base = {
    to,
    operator: resolved.operator,
    servId: trimmed(gateway.servId),
    shortNumber: trimmed(gateway.shortNumber)
  }
  const windowMs = (gateway.replyWindow ?? DEFAULT_WINDOW_H) * HOUR_MS
  if (!incoming?.context || now().getTime() - incoming.at.getTime() >= windowMs)
    return {
      kind: 'route',
      route: { ...base, projectId: trimmed(gateway.projectId), rcvMsgId: '', expiration: PUSH_S }
    }
  const { servId, projectId, shortNumber } = incoming.context
  return {
    kind: 'route',
    route: {
      ...base,
      servId: servId || base.servId,
      projectId,
      rcvMsgId: incoming.ref,
      shortNumber: shortNumber || base.shortNumber,
      expiration: REPLY_S
    }
  }
}

const trimmed = (setting: string | undefined) => setting?.trim() ?? ''

const unresolved = (to: string, left: Operator | undefined) =>
  left
    ? `${to} has moved to another operator; it is known which once the customer writes, or by a default operator in the settings`
    : `The operator of ${to} cannot be told by its prefix; the settings have no default operator`
