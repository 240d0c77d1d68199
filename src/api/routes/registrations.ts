import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { RuntimeOf } from '../../channels/call-channel.ts'
import type { Database, Executor } from '../../postgres/connect.ts'
import { type ListedRegistration, listRegistrations } from '../../registrations/list.ts'
import { missingSettings } from '../../registrations/missing-settings.ts'
import { pauseByOperator, resumeByOperator } from '../../registrations/pause.ts'
import { type NewEntry, writeAudit } from '../audit.ts'
import { mayTouch, visible } from '../authorize.ts'
import { Missing, Past } from '../errors.ts'
import { ById, Id, isoOf, ListOf, Nullable, Page, paged, Time } from '../lists.ts'
import { searching } from '../search.ts'
import type { Client } from '../tokens.ts'
import { GivenTime, Text } from '../validate.ts'

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
          slice => listed({ id: visible(client, undefined), ...slice }),
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
          body: Type.Object({ reason: Text(500), until: Type.Optional(GivenTime) }, { additionalProperties: false }),
          response: { 200: Registration }
        }
      },
      ({ params: { id }, body: { reason, until }, client }) => {
        const end = until === undefined ? null : new Date(until)
        if (end && end <= now()) throw new Past('until')
        return changed(client, id, async tx => {
          await pauseByOperator(tx, id, { reason, until: end, now: now() })
          return { action: 'registration.paused', details: { reason, until: isoOf(end) } }
        })
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
      ({ params: { id }, client }) =>
        changed(client, id, async tx =>
          (await resumeByOperator(tx, id)) ? { action: 'registration.resumed' } : undefined
        )
    )

    /** A change with its entry of the audit, where it changed something. Answers the registration as it is then. */
    async function changed(
      client: Client,
      id: number,
      change: (tx: Executor) => Promise<Pick<NewEntry, 'action' | 'details'> | undefined>
    ) {
      mayTouch(client, id)
      await one(id)
      await database.db.transaction(async tx => {
        const entry = await change(tx)
        if (entry) await writeAudit(tx, { actor: client.actor, registrationId: id, ...entry })
      })
      return shown(await one(id))
    }

    async function one(id: number): Promise<ListedRegistration> {
      const [row] = await listed({ id })
      if (!row) throw new Missing('registration')
      return row
    }

    function listed(wanted: Parameters<typeof listRegistrations>[2]): Promise<ListedRegistration[]> {
      return searching(database, tx => listRegistrations({ db: tx }, now(), wanted))
    }

    async function shown(row: ListedRegistration) {
      const missing = await missingSettings(ready, row.id)
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
        pauses: row.pauses.map(({ since, until, ...pause }) => ({
          ...pause,
          since: isoOf(since),
          until: isoOf(until)
        })),
        waiting: row.messages.count,
        oldestWaitingAt: isoOf(row.messages.oldest),
        lastSentAt: isoOf(row.sentAt),
        lastWebhookAt: isoOf(row.calledAt),
        crm: {
          waiting: row.items.count,
          oldestWaitingAt: isoOf(row.items.oldest),
          lastTookAt: isoOf(row.toldAt)
        }
      }
    }
  }
