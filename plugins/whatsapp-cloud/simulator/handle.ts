import { createHmac } from 'node:crypto'
import { record, text } from 'channel-kit/json'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type FaultScripts, refusalBody, suffer } from './faults.ts'
import type { Operation, State } from './state.ts'

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/** A route of the API: noted, held to the token, and subject to the faults of its operation. */
export type Handle = (operation: Operation, usual: Handler) => Handler

export const handling =
  (state: State, faults: FaultScripts): Handle =>
  (operation, usual) =>
  async (request, reply) => {
    note(state, operation, request)
    const fault = faults.next(operation)
    if (fault) return suffer(fault, request, reply, () => Promise.resolve(usual(request, reply)))
    const problem = accessProblem(state, request, operation)
    if (problem) return reply.code(problem.status).send(problem.body)
    reply.headers(state.headers)
    return usual(request, reply)
  }

function note(state: State, operation: Operation, { method, url, query, headers, body }: FastifyRequest): void {
  const path = new URL(url, 'http://graph').pathname.replace(/^\/v[0-9.]+\//, '')
  state.calls.push({ operation, method, path, query: record(query), headers: { ...headers }, body })
}

function accessProblem({ token, secret }: State, { headers, query, url }: FastifyRequest, operation: Operation) {
  if (headers.authorization !== `Bearer ${token}`) return { status: 401, body: refusalBody(190, 'Invalid token') }
  if (!headers['user-agent']) return { status: 403, body: refusalBody(10, 'There is no user agent') }
  if (operation !== 'bytes' && !/^\/v\d+\.\d\//.test(url))
    return { status: 400, body: refusalBody(100, '', { message: "Invalid version format. Use format like 'v23.0'" }) }
  const proof = text(record(query).appsecret_proof)
  return proof && proof !== createHmac('sha256', secret).update(token).digest('hex')
    ? { status: 400, body: refusalBody(100, '', { message: 'Invalid appsecret_proof provided in the API argument' }) }
    : undefined
}
