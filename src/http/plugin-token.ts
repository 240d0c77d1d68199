import type { FastifyInstance } from 'fastify'
import type { Mounted } from '../channels/load.ts'
import type { Verify } from '../crm/verify-token.ts'
import { allowsSettings } from '../protocol/tokens.ts'
import type { Registration, Registrations } from '../registrations/store.ts'
import { NoAccess, NoToken, NotRegistered, Refused } from './errors.ts'
import type { RequestQuota } from './request-quota.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The registration that a protected request is for; set by the guard before any handler. */
    registration: Registration
    /** The token allows to see and change settings. */
    maySettings: boolean
  }
}

interface Deps {
  mounted: Mounted
  verify: Verify
  registrations: Pick<Registrations, 'find'>
  requests: RequestQuota
}

/** Lets only requests with a valid X-PLUGIN-TOKEN of a registered plugin pass. Source: docs/protocol.md, "Tokens". */
export function guard(app: FastifyInstance, { mounted, verify, registrations, requests }: Deps): void {
  app.decorateRequest('registration')
  app.decorateRequest('maySettings', false)

  app.addHook('onRequest', async (request, reply) => {
    const jwt = request.headers['x-plugin-token']
    if (!jwt || jwt === '0') throw new NoToken()

    const verified = await verify(jwt, mounted.selfUri)
    if (!verified.ok) throw new Refused(verified.reason)

    const registration = await registrations.find(mounted.channel.name, verified.value.origin, verified.value.reference)
    if (!registration) throw new NotRegistered()
    requests(registration.id, 1, reply)
    request.registration = registration
    request.maySettings = allowsSettings(verified.value.claims)
  })
}

/** For routes about settings, after the guard. */
export const settingsGuard = async ({ maySettings }: { maySettings: boolean }) => {
  if (!maySettings) throw new NoAccess()
}
