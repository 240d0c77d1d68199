import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Operation } from './state.ts'

/**
 * A fault that a call meets. `before`: the call was not done; `after`: it was
 * done, and not answered.
 */
export type Fault =
  | { kind: 'answer'; status: number; body: unknown; headers?: Readonly<Record<string, string>> }
  | { kind: 'reset'; when: 'before' | 'after' }
  | { kind: 'hang'; when: 'before' | 'after' }

/** Faults in the order in which calls of an operation run into them. */
export function faultScripts() {
  const scripts = new Map<Operation, Fault[]>()
  return {
    add(operation: Operation, ...faults: readonly Fault[]): void {
      scripts.set(operation, [...(scripts.get(operation) ?? []), ...faults])
    },
    next: (operation: Operation): Fault | undefined => scripts.get(operation)?.shift(),
    left: (operation: Operation): number => scripts.get(operation)?.length ?? 0
  }
}

export type FaultScripts = ReturnType<typeof faultScripts>

/** Does what the fault says. Undefined: the call goes on as usual. */
export async function suffer(
  fault: Fault,
  request: FastifyRequest,
  reply: FastifyReply,
  usual: () => Promise<unknown>
) {
  if (fault.kind === 'answer') {
    reply.code(fault.status).headers(fault.headers ?? {})
    return reply.send(typeof fault.body === 'string' ? fault.body : JSON.stringify(fault.body))
  }
  if (fault.when === 'after') await usual()
  // The socket of a call that hangs is closed with the server.
  reply.hijack()
  if (fault.kind === 'reset') request.raw.socket.resetAndDestroy()
  return reply
}

/** An error of the API. */
export const graphFault = (status: number, code: number, details = '', more: object = {}): Fault => ({
  kind: 'answer',
  status,
  body: refusalBody(code, details, more)
})

export const refusalBody = (code: number, details = '', more: object = {}) => ({
  error: {
    message: `(#${code}) Simulated`,
    type: 'OAuthException',
    code,
    ...(details ? { error_data: { messaging_product: 'whatsapp', details } } : {}),
    fbtrace_id: 'ASimulatedTrace',
    ...more
  }
})
