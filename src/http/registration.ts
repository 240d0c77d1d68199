import type { FastifyInstance } from 'fastify'
import type { Mounted } from '../channels/load.ts'
import type { Verified, Verify } from '../crm/verify-token.ts'
import { MAX_TOKEN_LENGTH } from '../protocol/tokens.ts'
import type { Registrations } from '../registrations/store.ts'
import { fieldOf } from './bodies.ts'
import { BadRequest, Refused } from './errors.ts'

const MAX_HPT_LENGTH = 512
/** Room for a token of the greatest length and for other fields. */
const MAX_BODY_BYTES = 2 * MAX_TOKEN_LENGTH

interface Deps {
  mounted: Mounted
  verify: Verify
  registrations: Pick<Registrations, 'register'>
}

/** The handshake. A token that is refused never touches the registration that stands. Source: docs/protocol.md, "Registration". */
export function registrationRoutes(app: FastifyInstance, { mounted, verify, registrations }: Deps): void {
  app.put('/registration', { bodyLimit: MAX_BODY_BYTES }, async ({ body, log }) => {
    const jwt = fieldOf(body, 'registration')
    if (typeof jwt !== 'string' || jwt === '') throw new BadRequest('Field registration is missing, or is no text')

    const verified = await verify(jwt, mounted.selfUri)
    if (!verified.ok) throw new Refused(verified.reason)

    const { reference, origin, claims } = verified.value
    const registered = await registrations.register({
      ...reference,
      origin,
      channel: mounted.channel.name,
      ...handshakeOf(claims)
    })
    if (!registered) throw new Refused('Token is older than the last one that registered')
    log.info(
      { event: 'registration.registered', ...reference, origin, channel: mounted.channel.name },
      'plugin registered'
    )
    return { registered: true }
  })
}

/** The claims of a handshake besides the reference. */
function handshakeOf({ iss, iat, HPT, country, currency }: Verified['claims']) {
  const hpt = typeof HPT === 'number' ? String(HPT) : HPT
  if (typeof hpt !== 'string' || hpt === '' || hpt.length > MAX_HPT_LENGTH)
    throw new Refused('Claim HPT is missing, empty or too long')
  if (!isCode(country, 2) || !isCode(currency, 3))
    throw new Refused('Claim country or currency is missing, or is no code')
  const signedAt = typeof iat === 'number' && Number.isFinite(iat) ? iat : null
  return { clusterUri: iss as string, hpt, country, currency, signedAt }
}

const isCode = (value: unknown, length: number): value is string =>
  typeof value === 'string' && value.length === length && !value.includes('\0')
