import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Plugin } from './plugin.ts'
import { type Claims, peek } from './tokens.ts'

/** A request of a plugin as the CRM heard it, believed by nobody yet. */
export interface Heard {
  method: string
  path: string
  headers: Record<string, string>
  body: string
  token: string
  /** Claims of the plugin's token before anyone verified it. */
  claims: Claims | undefined
}

export function hear({ method, url, headers, body }: FastifyRequest): Heard {
  const asked = body && typeof body === 'object' && 'request' in body ? body.request : ''
  const token = typeof asked === 'string' ? asked : ''
  const text = body === undefined ? '' : JSON.stringify(body)
  return { method, path: url, headers: flat(headers), body: text, token, claims: peek(token) }
}

/** True if this plugin claims to be the sender, whose secret verifies the token. */
export function claimsToBe({ selfUri, reference }: Plugin, { claims, path }: Heard): boolean {
  const plugin = claims?.plugin as { alias?: unknown; id?: unknown } | undefined
  return (
    claims?.iss === selfUri &&
    String(claims.cid) === reference.cid &&
    String(plugin?.alias) === reference.plugin.alias &&
    String(plugin?.id) === reference.plugin.id &&
    path.startsWith(`/companies/${reference.cid}/`)
  )
}

const flat = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
