import type { FastifyInstance, FastifyRequest } from 'fastify'

/**
 * Tracing: the way of a message as spans of the trace in which it was posted. Its `traceparent` is kept with it, so that the
 * hosts that send it and tell the CRM of it join that trace, also days later.
 */

/** A stretch of a message's way, written when it is over. */
interface Span {
  name: 'queue wait' | 'gateway call' | 'CRM call'
  /** The message's, as W3C Trace Context has it; null: the message was posted in no trace. */
  traceparent: string | null
  from: Date
  until: Date
  /** Ids and outcomes: neither texts nor contacts. */
  attributes: Readonly<Record<string, string | number>>
  failed?: boolean
}

export interface Tracing {
  /** False: nobody collects traces, and nothing need be read for them. */
  enabled: boolean
  /** Opens a span for each request of the routes that are added afterwards. */
  traceRequests(app: FastifyInstance): Promise<void>
  /** The span of a request, as W3C Trace Context has it; null: it is in no trace. */
  traceparentOf(request: FastifyRequest): string | null
  write(span: Span): void
  /** Exports what is left. Resolves also where the collector is away. */
  close(): Promise<void>
}

/** Traces nothing, where nobody collects traces. */
export const NO_TRACING: Tracing = {
  enabled: false,
  traceRequests: async () => {},
  traceparentOf: () => null,
  write: () => {},
  close: async () => {}
}
