import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Database } from '../../postgres/connect.ts'
import { listAudit } from '../audit.ts'
import { visible } from '../authorize.ts'
import { Id, ListOf, Nullable, Page, paged, Time } from '../lists.ts'

const Entry = Type.Object(
  {
    id: Id,
    at: Time,
    actor: Type.String(),
    action: Type.String(),
    registration: Nullable(Id),
    details: Type.Object({}, { additionalProperties: true })
  },
  { title: 'AuditEntry' }
)

/** `/audit`: who changed what. */
export const auditApi =
  ({ database }: { database: Pick<Database, 'db'> }): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/audit',
      {
        config: { scope: 'operate' },
        schema: {
          summary: 'Changes by API clients and operators, the newest first',
          querystring: Type.Object({ ...Page, registration: Type.Optional(Id) }, { additionalProperties: false }),
          response: { 200: ListOf(Entry) }
        }
      },
      ({ query, client }) =>
        paged(
          query,
          slice => listAudit(database, { registrationId: visible(client, query.registration) }, slice),
          ({ id, at, actor, action, registrationId, details }) => ({
            id,
            at: at.toISOString(),
            actor,
            action,
            registration: registrationId,
            details
          })
        )
    )
  }
