import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Database } from '../../postgres/connect.ts'
import { listRegistrations } from '../../registrations/list.ts'
import { mayTouch, visible } from '../authorize.ts'
import { Missing, MissingScope, Past, Wrong } from '../errors.ts'
import { ById, Id, isoOf, ListOf, Nullable, Page, paged, Time } from '../lists.ts'
import { SCOPES } from '../scopes.ts'
import { type Client, createToken, findTokens, revokeToken } from '../tokens.ts'
import { GivenTime, Text } from '../validate.ts'

/** Requests a second that a token may be given. */
const MOST_PER_SECOND = 100_000

const Scope = Type.Enum([...SCOPES])

const FIELDS = {
  id: Id,
  name: Type.String({ description: 'Two tokens of one name are one client' }),
  scopes: Type.Array(Scope),
  registration: Nullable({ ...Id, description: 'The only one that it may touch; null: all' }),
  perSecond: Nullable(Type.Integer({ description: 'Requests a second of its own' })),
  createdAt: Time,
  expiresAt: Nullable(Time),
  revokedAt: Nullable(Time)
}
const Token = Type.Object(FIELDS, { title: 'Token' })
const NewToken = Type.Object(
  { ...FIELDS, token: Type.String({ description: 'Shown this once' }) },
  { title: 'NewToken' }
)

interface Deps {
  database: Pick<Database, 'db'>
  now: () => Date
}

type Row = Awaited<ReturnType<typeof findTokens>>[number]

/** `/tokens`: access of other programs, never more than the one who gives it has. */
export const tokenApi =
  ({ database, now }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    const config = { scope: 'operate' } as const

    app.get(
      '/tokens',
      {
        config,
        schema: {
          summary: 'Tokens, the newest first, without themselves; those too that were revoked',
          querystring: Type.Object({ ...Page, registration: Type.Optional(Id) }, { additionalProperties: false }),
          response: { 200: ListOf(Token) }
        }
      },
      ({ query: { registration, ...page }, client }) =>
        paged(page, slice => findTokens(database, { registrationId: visible(client, registration) }, slice), shown)
    )

    app.post(
      '/tokens',
      {
        config,
        schema: {
          summary: 'Make a token',
          description:
            'It has no scope that the token of the request lacks, is for no other registration, ends no later and may ask for no more a second. `token` is shown this once.',
          body: Type.Object(
            {
              name: Text(100),
              scopes: Type.Array(Scope, { minItems: 1, maxItems: SCOPES.length, uniqueItems: true }),
              registration: Type.Optional(Id),
              expiresAt: Type.Optional(GivenTime),
              perSecond: Type.Optional(Type.Integer({ minimum: 1, maximum: MOST_PER_SECOND }))
            },
            { additionalProperties: false }
          ),
          response: { 200: NewToken }
        }
      },
      async ({ body: { name, scopes, registration, expiresAt, perSecond }, client }) => {
        const lacking = scopes.find(scope => !client.scopes.includes(scope))
        if (lacking) throw new MissingScope(lacking)
        const registrationId = visible(client, registration)
        const end = endOf(client, expiresAt === undefined ? undefined : new Date(expiresAt))
        const rate = rateOf(client, perSecond)
        if (registrationId !== undefined) await refuseMissing(registrationId)
        const { id, token } = await createToken(
          database,
          { name: name.toWellFormed(), scopes, registrationId, expiresAt: end, perSecond: rate },
          client.actor
        )
        return { ...shown(await one(id)), token }
      }
    )

    app.delete(
      '/tokens/:id',
      {
        config,
        schema: {
          summary: 'Revoke a token: it opens nothing from its next request on',
          description: 'One that was revoked before stays as it is.',
          params: ById,
          response: { 200: Token }
        }
      },
      async ({ params: { id }, client }) => {
        mayTouch(client, (await one(id)).registration)
        await revokeToken(database, id, client.actor)
        return shown(await one(id))
      }
    )

    /** No later than the end of the client's own. */
    function endOf({ expiresAt: own = null }: Client, wanted: Date | undefined): Date | undefined {
      if (wanted && wanted <= now()) throw new Past('expiresAt')
      if (wanted && own && wanted > own)
        throw new Wrong(`"expiresAt" is after the end of your own token, ${own.toISOString()}`)
      return wanted ?? own ?? undefined
    }

    function rateOf({ perSecond: own }: Client, wanted: number | undefined): number | undefined {
      if (own !== null && wanted !== undefined && wanted > own)
        throw new Wrong(`"perSecond" is more than the ${own} of your own token`)
      return wanted ?? own ?? undefined
    }

    async function one(id: number): Promise<Row> {
      const [row] = await findTokens(database, { id }, { limit: 1 })
      if (!row) throw new Missing('token')
      return row
    }

    async function refuseMissing(id: number): Promise<void> {
      const found = await listRegistrations(database, now(), { id })
      if (found.length === 0) throw new Missing('registration')
    }
  }

const shown = ({ createdAt, expiresAt, revokedAt, ...row }: Row) => ({
  ...row,
  createdAt: createdAt.toISOString(),
  expiresAt: isoOf(expiresAt),
  revokedAt: isoOf(revokedAt)
})
