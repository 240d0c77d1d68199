import type { FastifyInstance } from 'fastify'
import type { Mounted } from '../channels/load.ts'
import { readAgentDirectives } from '../contacts/agent-directives.ts'
import type { Obey } from '../contacts/obey.ts'
import type { Verify } from '../crm/verify-token.ts'
import type { Accept } from '../messages/accept.ts'
import type { Meter } from '../metrics/meter.ts'
import { type Posted, readPosted } from '../protocol/chat.ts'
import { otherWay } from '../protocol/contact.ts'
import type { Registration, Registrations } from '../registrations/store.ts'
import type { Tracing } from '../tracing/spans.ts'
import { BODY_LIMIT, fieldOf } from './bodies.ts'
import { BadRequest, NotRegistered, Refused, Unacceptable } from './errors.ts'
import type { RequestQuota } from './request-quota.ts'

interface Deps {
  mounted: Mounted
  verify: Verify
  registrations: Pick<Registrations, 'find'>
  accept: Accept
  obey: Obey
  meter: Meter
  tracing: Pick<Tracing, 'traceparentOf'>
  /** The quota of bytes. */
  posted: RequestQuota
}

/** The CRM hands over a message. 202 means that it is stored and will be sent. Source: docs/protocol.md, "Sending". */
export function sendRoutes(
  app: FastifyInstance,
  { mounted, verify, registrations, accept, obey, meter, tracing, posted: quota }: Deps
): void {
  app.post('/special/send', async (request, reply) => {
    const { body, log } = request
    const startedAt = performance.now()
    const jwt = fieldOf(body, 'request')
    const verified = await verify(jwt, mounted.selfUri, BODY_LIMIT)
    if (!verified.ok) throw new Refused(verified.reason)
    const registration = await registrations.find(mounted.channel.name, verified.value.origin, verified.value.reference)
    if (!registration) throw new NotRegistered()
    quota(registration.id, String(jwt).length, reply)

    const claim = verified.value.claims.body
    if (typeof claim !== 'object' || claim === null) throw new BadRequest('Claim body is missing, or is no map')
    const posted = readPosted(claim as Record<string, unknown>)
    if (!posted.ok) throw new Unacceptable(posted.reason)

    await take(registration, posted.value, tracing.traceparentOf(request))
    log.debug(
      { event: 'message.accepted', registration: registration.id, crmId: posted.value.crmId },
      'message accepted from the CRM'
    )
    meter.answered((performance.now() - startedAt) / 1_000)
    return reply.code(202).send()
  })

  /** Obeys directives to the host, and accepts what is to be sent. */
  async function take({ id, contactKey }: Registration, posted: Posted, traceparent: string | null): Promise<void> {
    const other = mounted.phones ? otherWay(posted.contact) : null
    const directed = readAgentDirectives(posted)
    if (directed) await obey(id, posted, directed, other)
    const message = directed ? directed.rest : posted
    if (message) await accept(id, message, other, contactKey, traceparent)
  }
}
