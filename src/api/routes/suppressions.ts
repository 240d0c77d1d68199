import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import {
  liftContacts,
  listSuppressions,
  type NewSuppression,
  suppressContacts
} from '../../contacts/suppressed-contacts.ts'
import type { Meter } from '../../metrics/meter.ts'
import type { Database, Executor } from '../../postgres/connect.ts'
import type { SuppressionSource } from '../../postgres/schema/conversations.ts'
import { LIMITS } from '../../protocol/limits.ts'
import { type AuditAction, writeAudit } from '../audit.ts'
import { Wrong } from '../errors.ts'
import { ById, Id, ListOf, Nullable, Page, paged, SuppressedBy, SuppressedFor, Time } from '../lists.ts'
import { type MountedRegistrations, mountedRegistration } from '../mounted-registration.ts'
import { listCsv, MAX_NOTE, readList } from '../suppression-list.ts'
import type { Client } from '../tokens.ts'
import { Text } from '../validate.ts'

/** Contacts of one request, and bytes of a CSV. */
const MAX_CONTACTS = 10_000
const MAX_BYTES = 4 * 1024 * 1024
/** Wrong rows that are named; the others are counted. */
const MAX_WRONG = 100
/** Rows of a CSV that are read together. */
const CSV_PAGE = 1_000

const Suppression = Type.Object(
  {
    id: Id,
    contact: Nullable(Type.String({ description: 'Null: it was erased, and only a hash is kept' })),
    purpose: SuppressedFor,
    source: SuppressedBy,
    at: Time,
    note: Nullable(Type.String())
  },
  { title: 'Suppression' }
)

const Done = Type.Object(
  {
    suppressed: Type.Integer({ description: 'Contacts that were not suppressed for this purpose before' }),
    known: Type.Integer(),
    cancelled: Type.Integer({ description: 'Waiting messages that ended for it' })
  },
  { title: 'Suppressed' }
)

const Imported = Type.Object(
  {
    ...Done.properties,
    wrongCount: Type.Integer(),
    wrong: Type.Array(Type.Object({ line: Type.Integer(), reason: Type.String() }), {
      description: 'Rows that were left out, the first hundred'
    })
  },
  { title: 'ImportedSuppressions' }
)

const Contacts = Type.Array(Text(LIMITS.contact), { minItems: 1, maxItems: MAX_CONTACTS })

interface Deps extends MountedRegistrations {
  database: Pick<Database, 'db'>
  now: () => Date
  meter: Meter
}

/** `/registrations/{id}/suppressions`: contacts that want no messages. */
export const suppressionApi =
  ({ database, now, meter, ...registrations }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    const config = { scope: 'suppress' } as const
    const path = '/registrations/:id/suppressions'

    app.get(
      path,
      {
        config,
        schema: {
          summary: 'Suppressed contacts, by id',
          params: ById,
          querystring: Type.Object(
            { ...Page, contact: Type.Optional(Text(LIMITS.contact)), purpose: Type.Optional(SuppressedFor) },
            { additionalProperties: false }
          ),
          response: { 200: ListOf(Suppression) }
        }
      },
      async ({ params: { id }, query: { contact, purpose, ...page }, client }) => {
        const { phones } = await owned(id, client)
        return paged(
          page,
          slice => listSuppressions(database, { registrationId: id, contact, purpose, phones }, slice),
          row => ({ ...row, at: row.at.toISOString() })
        )
      }
    )

    app.post(
      path,
      {
        config,
        bodyLimit: MAX_BYTES,
        schema: {
          summary: 'Suppress contacts',
          description:
            'Messages to them for this purpose end as failed, those that wait at once. Contacts that nobody has written to count too.',
          params: ById,
          body: Type.Object(
            { contacts: Contacts, purpose: SuppressedFor, note: Type.Optional(Text(MAX_NOTE)) },
            { additionalProperties: false }
          ),
          response: { 200: Done }
        }
      },
      async ({ params: { id }, body: { contacts, purpose, note = null }, client }) =>
        suppress(
          id,
          client,
          'api',
          contacts.map(contact => ({ contact: contact.toWellFormed(), purpose, note }))
        )
    )

    app.delete(
      path,
      {
        config,
        bodyLimit: MAX_BYTES,
        schema: {
          summary: 'Lift suppressions',
          params: ById,
          body: Type.Object(
            { contacts: Contacts, purpose: Type.Optional(SuppressedFor) },
            { additionalProperties: false }
          ),
          response: { 200: Type.Object({ lifted: Type.Integer({ description: 'Contacts' }) }) }
        }
      },
      async ({ params: { id }, body: { contacts, purpose }, client }) => {
        const owner = await owned(id, client)
        const lifted = await liftContacts(database, owner, contacts, {
          purpose,
          record: (tx, lifted) => audited(tx, id, client, 'suppressions.lifted', { lifted, purpose: purpose ?? null })
        })
        return { lifted }
      }
    )

    app.get(
      `${path}.csv`,
      {
        config,
        schema: {
          summary: 'Suppressed contacts as CSV',
          produces: ['text/csv'],
          params: ById,
          response: { 200: { content: { 'text/csv': { schema: Type.String() } } } }
        }
      },
      async ({ params: { id }, client }, reply) => {
        await owned(id, client)
        reply.header('content-disposition', `attachment; filename="suppressions-${id}.csv"`)
        reply.type('text/csv; charset=utf-8')
        return Readable.from(csvOf(id)) as never
      }
    )

    const csv: FastifyPluginAsyncTypebox = async scope => {
      scope.addContentTypeParser(
        'text/csv',
        { parseAs: 'string', bodyLimit: MAX_BYTES },
        async (_: unknown, body: string | Buffer) => body
      )
      scope.post(
        `${path}.csv`,
        {
          config: { ...config, describedBody: Type.String() },
          bodyLimit: MAX_BYTES,
          schema: {
            summary: 'Suppress the contacts of a CSV',
            description: `At most ${MAX_CONTACTS} rows: of a column \`contact\`, with \`purpose\` and \`note\` if there are such, or of the first column. The same file twice changes nothing more.`,
            consumes: ['text/csv'],
            params: ById,
            querystring: Type.Object(
              { purpose: SuppressedFor, note: Type.Optional(Text(MAX_NOTE)) },
              { additionalProperties: false }
            ),
            response: { 200: Imported }
          }
        },
        async ({ params: { id }, query: { purpose, note = null }, body, client }) => {
          const list = await readList(typeof body === 'string' ? body : '', { purpose, note, most: MAX_CONTACTS })
          if (!list.ok) throw new Wrong(list.reason)
          const { wanted, wrong } = list.value
          const done = await suppress(id, client, 'import', wanted)
          return { ...done, wrongCount: wrong.length, wrong: wrong.slice(0, MAX_WRONG) }
        }
      )
    }
    await app.register(csv)

    async function suppress(id: number, client: Client, source: SuppressionSource, wanted: readonly NewSuppression[]) {
      const owner = await owned(id, client)
      const done = await suppressContacts(database, owner, wanted, {
        source,
        now,
        record: (tx, done) => audited(tx, id, client, 'suppressions.added', { ...done, source })
      })
      if (done.cancelled > 0) meter.settled(id, 'failed', done.cancelled)
      return done
    }

    /** An erasure leaves the audit, so it names no contact. */
    const audited = (
      tx: Executor,
      registrationId: number,
      { actor }: Client,
      action: AuditAction,
      details: Record<string, unknown>
    ) => writeAudit(tx, { actor, action, registrationId, details })

    async function* csvOf(registrationId: number): AsyncGenerator<string> {
      for (let after: number | undefined; ; ) {
        const rows = await listSuppressions(database, { registrationId, phones: false }, { limit: CSV_PAGE, after })
        yield listCsv(rows, { header: after === undefined })
        after = rows.at(-1)?.id
        if (rows.length < CSV_PAGE) return
      }
    }

    async function owned(id: number, client: Client) {
      const { registration, mounted } = await mountedRegistration(registrations, client, id)
      return { id, contactKey: registration.contactKey, phones: mounted.phones }
    }
  }
