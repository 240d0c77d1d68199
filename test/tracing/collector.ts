import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import protobuf from 'protobufjs'
import type { Test } from 'tap'

/** A collector of traces that speaks OTLP over HTTP. Source: opentelemetry-proto, "trace.proto" and "trace_service.proto". */

export interface CollectedSpan {
  name: string
  traceId: string
  spanId: string
  parentSpanId: string
  /** In milliseconds of the epoch. */
  from: number
  until: number
  attributes: Record<string, string>
  /** True: its status is an error. */
  failed: boolean
  service: string
}

const PROTO = `
  syntax = "proto3";
  message Value { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
  message Pair { string key = 1; Value value = 2; }
  message Status { string message = 2; int32 code = 3; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5;
    fixed64 from = 7; fixed64 until = 8; repeated Pair attributes = 9; Status status = 15;
  }
  message Scope { repeated Span spans = 2; }
  message Resource { repeated Pair attributes = 1; }
  message ResourceSpans { Resource resource = 1; repeated Scope scopes = 2; }
  message Export { repeated ResourceSpans resource_spans = 1; }
`
const Export = protobuf.parse(PROTO).root.lookupType('Export')
const ERROR = 2

interface Pair {
  key: string
  value: Record<string, unknown>
}

interface Exported {
  resourceSpans: {
    resource: { attributes: Pair[] }
    scopes: {
      spans: {
        name: string
        traceId: Buffer
        spanId: Buffer
        parentSpanId?: Buffer
        from: string
        until: string
        attributes: Pair[]
        status?: { code?: number }
      }[]
    }[]
  }[]
}

/** `answer`: the status of its answers. */
export async function startCollector(t: Test, answer = 200) {
  const spans: CollectedSpan[] = []
  const bodies: Buffer[] = []
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray())
    bodies.push(body)
    if (request.url === '/v1/traces' && answer === 200) spans.push(...read(body))
    response.writeHead(answer, { 'content-type': 'application/x-protobuf' }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    bodies,
    named: (name: string) => spans.filter(one => one.name === name)
  }
}

function read(body: Buffer): CollectedSpan[] {
  const { resourceSpans } = Export.toObject(Export.decode(body), {
    longs: String,
    bytes: Buffer,
    arrays: true
  }) as Exported
  return resourceSpans.flatMap(({ resource, scopes }) =>
    scopes.flatMap(({ spans }) =>
      spans.map(span => ({
        name: span.name,
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        parentSpanId: hex(span.parentSpanId),
        from: milliseconds(span.from),
        until: milliseconds(span.until),
        attributes: record(span.attributes),
        failed: span.status?.code === ERROR,
        service: record(resource.attributes)['service.name'] ?? ''
      }))
    )
  )
}

const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex')
const milliseconds = (nanoseconds: string) => Number(BigInt(nanoseconds) / 1_000_000n)
const record = (pairs: readonly Pair[]) =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, String(Object.values(value)[0])]))
