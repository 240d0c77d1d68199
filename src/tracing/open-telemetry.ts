import { setTimeout as delay } from 'node:timers/promises'
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { NO_TRACING, type Tracing } from './spans.ts'

/** Traces by OpenTelemetry, whose own variables say where they go. Source: docs/operating.md, "Traces". */

/** A collector that does not answer holds up the end of a host for so long at most. */
const CLOSE_MS = 3_000
const SERVICE = 'chat-plugin-host'

/** True: the usual variables of OpenTelemetry name a collector. */
const isWanted = (env: NodeJS.ProcessEnv): boolean =>
  Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) &&
  env.OTEL_SDK_DISABLED?.toLowerCase() !== 'true' &&
  env.OTEL_TRACES_EXPORTER !== 'none'

/** Loads the libraries only where a collector is named: otherwise they would cost memory and a slower start. */
export async function openTracing(env: NodeJS.ProcessEnv, log: Pick<FastifyBaseLogger, 'warn'>): Promise<Tracing> {
  if (!isWanted(env)) return NO_TRACING
  const [api, core, resources, sdk, exporter, { FastifyOtelInstrumentation }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/core'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
    import('@fastify/otel')
  ])
  const complain = (text: string) => log.warn({ event: 'tracing.failed' }, `tracing: ${text}`)
  const silent = () => {}
  api.diag.setLogger(
    { error: complain, warn: complain, info: silent, debug: silent, verbose: silent },
    { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true }
  )
  const propagator = new core.W3CTraceContextPropagator()
  // @fastify/otel reads the header of a request by the global one.
  api.propagation.setGlobalPropagator(propagator)
  const provider = new sdk.BasicTracerProvider({
    resource: resources
      .resourceFromAttributes({ 'service.name': SERVICE })
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    spanProcessors: [
      withoutWords(api.SpanStatusCode.ERROR),
      new sdk.BatchSpanProcessor(new exporter.OTLPTraceExporter())
    ]
  })
  const tracer = provider.getTracer(SERVICE)
  // Hooks and handlers have no spans of their own: one a request says how long it took, at a tenth of the cost.
  const requests = new FastifyOtelInstrumentation({
    instrumentHooks: false,
    instrumentHandler: false,
    recordExceptions: false,
    ignorePaths: ({ url }) => /\/(health|metrics)(\/|$)/.test(url),
    // A path may hold a contact or the token of a webhook, and a query anything: the pattern of the route has neither.
    requestHook: (span, { method, routeOptions: { url = '' } }) => {
      span.updateName(`${method} ${url}`.trim())
      span.setAttribute('url.path', url)
    }
  })
  requests.setTracerProvider(provider)

  return {
    enabled: true,
    traceRequests: async app => void (await app.register(requests.plugin())),
    traceparentOf(request: FastifyRequest) {
      const { context } = request.opentelemetry()
      const carrier: { traceparent?: string } = {}
      if (context) propagator.inject(context, carrier, api.defaultTextMapSetter)
      return carrier.traceparent ?? null
    },
    write({ name, traceparent, from, until, attributes, failed }) {
      const parent = traceparent === null ? null : core.parseTraceParent(traceparent)
      if (!parent) return
      const span = tracer.startSpan(
        name,
        { startTime: from, attributes, kind: name === 'queue wait' ? api.SpanKind.INTERNAL : api.SpanKind.CLIENT },
        api.trace.setSpanContext(api.ROOT_CONTEXT, { ...parent, isRemote: true })
      )
      if (failed) span.setStatus({ code: api.SpanStatusCode.ERROR })
      span.end(until)
    },
    async close() {
      await Promise.race([provider.shutdown().catch(() => {}), delay(CLOSE_MS, undefined, { ref: false })])
    }
  }
}

/** Takes the words of errors from spans: they may quote a body. The log has them, masked. */
const withoutWords = (error: number): SpanProcessor => ({
  onStart: () => {},
  onEnding: span => void (span.status.message !== undefined && span.setStatus({ code: error })),
  onEnd: () => {},
  forceFlush: async () => {},
  shutdown: async () => {}
})
