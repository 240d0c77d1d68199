import type { Test } from 'tap'
import { Value } from 'typebox/value'
import { createToken, type NewToken } from '../../src/api/tokens.ts'
import { testCrm, testHost } from '../harness.ts'

/** A host with its API, asked by HTTP as a client does. */

export const CONSOLE_TOKEN = 'console-token-for-tests-0123456789'

export interface ApiAnswer {
  status: number
  headers: Headers
  json: Json
}

/** The answers' fields, as tests read them; whether each is of its type is compared with the OpenAPI file. */
interface Json extends Description {
  kind: string
  registration: number
  action: string
  id: number
  items: Json[]
  next: string | null
  code: number
  message: string
  errors: Record<string, string>
  story: { kind: string; at: string }[]
  pauses: { by: string; until: string | null }[]
  settings: { complete: boolean; missing: string | null }
  waiting: number
  isCut: boolean
  state: string
  replayed: number
  results: { id: string | null; result: string; messageId?: number; reason?: string }[]
}

export async function apiHost(t: Test, given: Parameters<typeof testHost>[1] = {}) {
  const crm = await testCrm(t)
  const host = await testHost(t, { ...given, env: { CONSOLE_TOKEN, ...given.env } })
  const token = async (wanted: Partial<NewToken> = {}) =>
    (await createToken(host.database, { name: 'test', scopes: ['read'], ...wanted }, 'test')).token

  let described: Description | undefined

  /** `token`: null for none. Every answer is compared with the OpenAPI file. */
  async function ask(path: string, asked: Asked = {}): Promise<ApiAnswer> {
    const request = requestOf(asked)
    const answer = await fetch(`${host.url}api/v1${path}`, request)
    const text = await answer.text()
    const json = JSON.parse(text) as Json
    described ??= (await (await fetch(`${host.url}api/v1/openapi.json`)).json()) as Description
    const wrong = misfit(described, { method: request.method, path, status: answer.status, json })
    if (wrong) t.fail(`an answer is not as the OpenAPI file says: ${wrong}`, { path, json })
    return { status: answer.status, headers: answer.headers, json }
  }

  return { crm, host, token, ask }
}

function requestOf({ token = CONSOLE_TOKEN, body, method = body === undefined ? 'GET' : 'POST' }: Asked) {
  const headers = {
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' })
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { method, headers, ...(body === undefined ? {} : { body: text }) }
}

interface Asked {
  token?: string | null
  body?: unknown
  method?: string
}

interface Description {
  paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, { schema: object }> }> }>>
}

interface Answered {
  method: string
  path: string
  status: number
  json: unknown
}

/** The first difference of an answer from the description; undefined if there is none. */
function misfit({ paths }: Description, { method, path, status, json }: Answered): string | undefined {
  if (path === '/openapi.json') return undefined
  const bare = path.replace(/\?.*/, '')
  const whole = `/api/v1${bare}`
  // A name that stands in a path goes before a parameter in its place, as it does when the request is routed.
  const exact = paths[whole] && ([whole, paths[whole]] as const)
  const found =
    exact ??
    Object.entries(paths).find(([template]) =>
      new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(whole)
    )
  const responses = found?.[1][method.toLowerCase()]?.responses
  if (!responses) return status === 404 ? undefined : 'no such route'
  const response = responses[status] ?? responses[`${Math.floor(status / 100)}XX`]
  const schema = response?.content?.['application/json']?.schema
  if (!schema) return `no answer of status ${status}`
  return Value.Check(schema, json) ? undefined : JSON.stringify(Value.Errors(schema, json)[0])
}
