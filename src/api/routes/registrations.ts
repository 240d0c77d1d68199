import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { RuntimeOf } from '../../channels/call-channel.ts'
import type { Database } from '../../postgres/connect.ts'
import { operatorPauseOf, pauseByOperator, resumeByOperator } from '../../registrations/operator-pause.ts'
import { overviewOf, type RegistrationOverview } from '../../registrations/overview.ts'
import { writeAudit } from '../audit.ts'
import { mayTouch, visible } from '../authorize.ts'
import { Missing } from '../errors.ts'
import { ById, Id, isoOf, ListOf, Nullable, Page, paged, Time } from '../lists.ts'

interface Deps {
  database: Pick<Database, 'db'>
  ready: RuntimeOf
  now: () => Date
}

const Pause = Type.Object({
  by: Type.Enum(['operator', 'gateway']),
  since: Nullable(Time),
  until: Nullable(Type.String({ description: 'ISO 8601; null: until somebody resumes it' })),
  reason: Nullable(Type.String())
})

const Registration = Type.Object(
  {
    id: Id,
    channel: Type.String(),
    company: Type.String(),
    alias: Type.String(),
    plugin: Type.String(),
    cluster: Type.String(),
    registeredAt: Time,
    archivedAt: Nullable(Time),
    settings: Type.Object({
      complete: Type.Boolean(),
      missing: Nullable(Type.String({ description: 'Why nothing can be sent' }))
    }),
    pauses: Type.Array(Pause, { description: 'Pauses that hold now; the registration sends when none does' }),
    waiting: Type.Integer({ description: 'Messages that are not settled' }),
    oldestWaitingAt: Nullable(Time),
    lastSentAt: Nullable(Type.String({ description: 'ISO 8601, exact to about ten seconds' })),
    lastWebhookAt: Nullable(Type.String({ description: 'ISO 8601, exact to about ten seconds' })),
    crm: Type.Object({
      waiting: Type.Integer({ description: 'Outbox items that the CRM has not taken yet' }),
      oldestWaitingAt: Nullable(Time),
      lastTookAt: Nullable(Type.String({ description: 'ISO 8601, exact to about ten seconds' }))
    })
  },
  { title: 'Registration' }
)

/** `/registrations`: what is there, how it is, and an operator's pause. */
export const registrationApi =
  ({ database, ready, now }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/registrations',
      {
        config: { scope: 'read' },
        schema: {
          summary: 'Registrations, by id',
          querystring: Type.Object(Page, { additionalProperties: false }),
          response: { 200: ListOf(Registration) }
        }
      },
      async ({ query, client }) => {
        const { items, next } = await paged(
          query,
          slice => overviewOf(database, { id: visible(client, undefined) }, slice),
          row => row
        )
        return { items: await Promise.all(items.map(shown)), next }
      }
    )

    app.get(
      '/registrations/:id',
      {
        config: { scope: 'read' },
        schema: { summary: 'One registration', params: ById, response: { 200: Registration } }
      },
      async ({ params: { id }, client }) => {
        mayTouch(client, id)
        return shown(await one(id))
      }
    )

    app.post(
      '/registrations/:id/pause',
      {
        config: { scope: 'operate' },
        schema: {
          summary: 'Hold the messages of a registration back',
          description:
            'Saving settings does not end it. Incoming messages and the outbox go on, and what the CRM posts is still stored. A second pause replaces the first.',
          params: ById,
          body: Type.Object(
            { reason: Type.String({ minLength: 1, maxLength: 500 }), until: Type.Optional(Time) },
            { additionalProperties: false }
          ),
          response: { 200: Registration }
        }
      },
      async ({ params: { id }, body: { reason, until }, client }) => {
        mayTouch(client, id)
        await one(id)
        await database.db.transaction(async tx => {
          await pauseByOperator(tx, id, { reason, until: until === undefined ? null : new Date(until), now: now() })
          await writeAudit(tx, {
            actor: client.actor,
            action: 'registration.paused',
            registrationId: id,
            details: { reason, until: until ?? null }
          })
        })
        return shown(await one(id))
      }
    )

    app.post(
      '/registrations/:id/resume',
      {
        config: { scope: 'operate' },
        schema: {
          summary: "End an operator's pause; where there is none, nothing changes",
          params: ById,
          response: { 200: Registration }
        }
      },
      async ({ params: { id }, client }) => {
        mayTouch(client, id)
        await one(id)
        await database.db.transaction(async tx => {
          if (await resumeByOperator(tx, id))
            await writeAudit(tx, { actor: client.actor, action: 'registration.resumed', registrationId: id })
        })
        return shown(await one(id))
      }
    )

    async function one(id: number): Promise<RegistrationOverview> {
      const [row] = await overviewOf(database, { id }, { limit: 1 })
      if (!row) throw new Missing('registration')
      return row
    }

    async function shown(row: RegistrationOverview) {
      const runtime = await ready(row.id, new AbortController().signal)
      const missing = runtime.kind === 'unready' ? runtime.reason : null
      return {
        id: row.id,
        channel: row.channel,
        company: row.companyId,
        alias: row.alias,
        plugin: row.pluginId,
        cluster: row.clusterUri,
        registeredAt: row.registeredAt.toISOString(),
        archivedAt: isoOf(row.archivedAt),
        settings: { complete: missing === null, missing },
        pauses: pausesOf(row, now()),
        waiting: row.messages.count,
        oldestWaitingAt: isoText(row.messages.oldest),
        lastSentAt: isoOf(row.sentAt),
        lastWebhookAt: isoOf(row.calledAt),
        crm: {
          waiting: row.items.count,
          oldestWaitingAt: isoText(row.items.oldest),
          lastTookAt: isoOf(row.toldAt)
        }
      }
    }
  }

const isoText = (time: string | null) => (time === null ? null : new Date(time).toISOString())

function pausesOf(row: RegistrationOverview, now: Date) {
  const { pausedUntil } = row
  const pause = operatorPauseOf(row, now)
  return [
    ...(pause
      ? [{ by: 'operator' as const, since: isoOf(pause.since), until: isoOf(pause.until), reason: pause.reason }]
      : []),
    ...(pausedUntil && pausedUntil > now
      ? [{ by: 'gateway' as const, since: null, until: pausedUntil.toISOString(), reason: null }]
      : [])
  ]
}
