import type { FastifyInstance } from 'fastify'
import type { Mounted } from '../channels/load.ts'
import type { Registrations } from '../crm/registrations.ts'
import type { Verify } from '../crm/verify.ts'
import { fieldOf } from './bodies.ts'
import { BadRequest, Refused } from './errors.ts'

const LONGEST_HPT = 512

interface Parts {
  mounted: Mounted
  verify: Verify
  registrations: Pick<Registrations, 'register'>
}

/** The handshake. A token that is refused never touches the registration that stands. Source: docs/protocol.md, "Registration". */
export function registrationRoutes(app: FastifyInstance, { mounted, verify, registrations }: Parts): void {
  app.put('/registration', async ({ body, log }) => {
    const jwt = fieldOf(body, 'registration')
    if (typeof jwt !== 'string' || jwt === '') throw new BadRequest('Field registration is missing, or is no text')

    const verified = await verify(jwt, mounted.selfUri)
    if ('refused' in verified) throw new Refused(verified.refused)

    const { iss, HPT, country, currency } = verified.claims
    const hpt = typeof HPT === 'number' ? String(HPT) : HPT
    if (typeof hpt !== 'string' || hpt === '' || hpt.length > LONGEST_HPT)
      throw new Refused('Claim HPT is missing, empty or too long')
    if (!isCode(country, 2) || !isCode(currency, 3))
      throw new Refused('Claim country or currency is missing, or is no code')

    const { reference } = verified
    await registrations.register({
      ...reference,
      channel: mounted.channel.name,
      clusterUri: iss as string,
      hpt,
      country,
      currency
    })
    log.info({ ...reference, channel: mounted.channel.name }, 'registered')
    return { registered: true }
  })
}

const isCode = (value: unknown, length: number): value is string =>
  typeof value === 'string' && value.length === length && !value.includes('\0')
