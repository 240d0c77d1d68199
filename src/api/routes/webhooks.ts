import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { eq } from 'drizzle-orm'
import { Type } from 'typebox'
import { EVENT_TYPES } from '../../events/event.ts'
import { endOfFeed, placeEvents } from '../../events/feed.ts'
import type { Outbound } from '../../http-client/address-policy.ts'
import type { Database, Executor } from '../../postgres/connect.ts'
import { registrations } from '../../postgres/schema/registrations.ts'
import type { Secrets } from '../../secrets/secrets.ts'
import { PUSH_TIMEOUT_MS } from '../../webhook-push/attempt.ts'
import { DISABLED_AFTER_DAYS } from '../../webhook-push/back-off.ts'
import type { PushWebhook } from '../../webhook-push/claim.ts'
import { MAX_AT_ONCE } from '../../webhook-push/page-delivery.ts'
import { MAX_URL_LENGTH, receiverProblem } from '../../webhook-push/receiver-address.ts'
import { makeSecret } from '../../webhook-push/signature.ts'
import {
  changeWebhook,
  countUndelivered,
  createWebhook,
  listWebhooks,
  MOST_WEBHOOKS,
  positionBefore,
  removeWebhook
} from '../../webhook-push/webhooks.ts'
import { type NewEntry, writeAudit } from '../audit.ts'
import { mayTouch, visible } from '../authorize.ts'
import { Conflict, Missing, Wrong } from '../errors.ts'
import { ById, Id, ListOf, Page, paged } from '../lists.ts'
import { searching } from '../search.ts'
import type { Client } from '../tokens.ts'
import { GivenTime, Text } from '../validate.ts'
import { shownWebhook, Webhook, WebhookState, WebhookWithSecret } from './webhook-shape.ts'

interface Deps {
  database: Pick<Database, 'db' | 'pool'>
  secrets: Pick<Secrets, 'seal'>
  outbound: Pick<Outbound, 'hostProblem'>
  /** Events are kept so long; 0: there are none. */
  eventsMs: number
  now: () => Date
}

/** A secret that was replaced signs for so long as well. */
const OLD_SECRET_HOURS = 24

const Types = Type.Array(Type.Enum([...EVENT_TYPES]), { minItems: 1, maxItems: EVENT_TYPES.length, uniqueItems: true })

const NewWebhook = Type.Object(
  {
    url: Text(MAX_URL_LENGTH, 'https, with a host that the address policy lets this one call'),
    types: Type.Optional(Types),
    registration: Type.Optional(Id),
    note: Type.Optional(Text(200))
  },
  { additionalProperties: false }
)

/** `/webhooks`: addresses of clients to which events are pushed. */
export const webhookApi =
  ({ database, secrets, outbound, eventsMs, now }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    const config = { scope: 'events' as const }

    app.post(
      '/webhooks',
      {
        config,
        schema: {
          summary: 'Have events pushed to an address',
          description: `From now on, as \`GET /events\` gives them, each as a POST that is signed by \`secret\` (Standard Webhooks), which is shown this once. Those of one contact come one after the other, ${MAX_AT_ONCE} contacts at a time. Whatever is not answered by 2xx within ${PUSH_TIMEOUT_MS / 1_000} s comes again, after pauses that grow to hours; after ${DISABLED_AFTER_DAYS} days of that the webhook is disabled. At most ${MOST_WEBHOOKS.ofOne} of one registration, and of all registrations together; ${MOST_WEBHOOKS.ofAll} in all.`,
          body: NewWebhook,
          response: { 200: WebhookWithSecret }
        }
      },
      async ({ body: { url, types = null, registration, note = null }, client }) => {
        const registrationId = visible(client, registration) ?? null
        if (eventsMs === 0) throw new Conflict('This host writes no events, since LV_PLUGIN_EVENTS is 0')
        const problem = await receiverProblem(url, outbound)
        if (problem !== undefined) throw new Wrong(`The url is not valid: ${problem}`)
        const secret = makeSecret()
        const sealed = await secrets.seal(secret)
        const position = await endOfFeed(database, AbortSignal.timeout(5_000))
        const { actor } = client
        const made = await database.db.transaction(async tx => {
          if (registrationId !== null) await refuseMissing(tx, registrationId)
          const webhook = await createWebhook(tx, {
            registrationId,
            url: new URL(url).href,
            types: types && [...types],
            note,
            actor,
            secret: sealed,
            position
          })
          if (typeof webhook === 'string') throw tooMany(webhook)
          await record(tx, client, 'webhook.created', webhook, { types, note })
          return webhook
        })
        return { ...shownWebhook(made), secret }
      }
    )

    app.get(
      '/webhooks',
      {
        config,
        schema: {
          summary: 'Addresses to which events are pushed, the newest first',
          querystring: Type.Object({ ...Page, registration: Type.Optional(Id) }, { additionalProperties: false }),
          response: { 200: ListOf(Webhook) }
        }
      },
      ({ query: { registration, ...page }, client }) =>
        paged(
          page,
          slice => listWebhooks(database, { registrationId: visible(client, registration) }, slice),
          shownWebhook
        )
    )

    app.get(
      '/webhooks/:id',
      {
        config,
        schema: { summary: 'One of them, and how far it is', params: ById, response: { 200: WebhookState } }
      },
      async ({ params: { id }, client }) => {
        const webhook = await one(id, client)
        await placeEvents(database)
        return { ...shownWebhook(webhook), waiting: await countUndelivered(database, webhook) }
      }
    )

    app.delete(
      '/webhooks/:id',
      {
        config,
        schema: {
          summary: 'Push nothing there any more',
          description: 'Where events are on their way, some may still arrive for a second. The answer is what it was.',
          params: ById,
          response: { 200: Webhook }
        }
      },
      async ({ params: { id }, client }) => {
        const webhook = await one(id, client)
        await database.db.transaction(async tx => {
          await removeWebhook(tx, id)
          await record(tx, client, 'webhook.removed', webhook)
        })
        return shownWebhook(webhook)
      }
    )

    app.post(
      '/webhooks/:id/enable',
      {
        config,
        schema: {
          summary: 'Go on with one that is disabled, or try one that fails at once',
          description: 'It goes on where it was, or with the oldest event that is kept; `missed` counts those before.',
          params: ById,
          response: { 200: Webhook }
        }
      },
      async ({ params: { id }, client }) => {
        await one(id, client)
        return shownWebhook(await change(client, id, 'webhook.enabled', {}, { isEnabled: true }))
      }
    )

    app.post(
      '/webhooks/:id/replay',
      {
        config,
        schema: {
          summary: 'Send again what has happened since',
          description:
            'It goes on with the first event since then that is kept, under the same `webhook-id` as before. A time after its present place leaves out what is between. One that is disabled stays so.',
          params: ById,
          body: Type.Object({ since: GivenTime }, { additionalProperties: false }),
          response: { 200: Webhook }
        }
      },
      async ({ params: { id }, body: { since }, client }) => {
        await one(id, client)
        const from = new Date(since)
        if (from > now()) throw new Wrong('"since" is in the future')
        const end = await endOfFeed(database, AbortSignal.timeout(5_000))
        const position = (await searching(database, tx => positionBefore(tx, from))) ?? end
        const details = { since: from.toISOString() }
        return shownWebhook(await change(client, id, 'webhook.rewound', { position, ahead: [] }, { details }))
      }
    )

    app.post(
      '/webhooks/:id/secret',
      {
        config,
        schema: {
          summary: 'Replace the secret that signs',
          description: `For ${OLD_SECRET_HOURS} hours the one before it signs as well, so that each request has two signatures.`,
          params: ById,
          response: { 200: WebhookWithSecret }
        }
      },
      async ({ params: { id }, client }) => {
        await one(id, client)
        const secret = makeSecret()
        const oldSecretUntil = new Date(now().getTime() + OLD_SECRET_HOURS * 3_600_000)
        const changes = { secret: await secrets.seal(secret), oldSecretUntil }
        return { ...shownWebhook(await change(client, id, 'webhook.secret_replaced', changes)), secret }
      }
    )

    async function one(id: number, client: Client): Promise<PushWebhook> {
      const [webhook] = await listWebhooks(database, { id }, { limit: 1 })
      if (!webhook) throw new Missing('webhook')
      mayTouch(client, webhook.registrationId)
      return webhook
    }

    const change = (
      client: Client,
      id: number,
      action: NewEntry['action'],
      changes: Parameters<typeof changeWebhook>[2],
      { details = {}, isEnabled = false }: { details?: object; isEnabled?: boolean } = {}
    ): Promise<PushWebhook> =>
      database.db.transaction(async tx => {
        const webhook = await changeWebhook(tx, id, changes, { isEnabled })
        if (!webhook) throw new Missing('webhook')
        await record(tx, client, action, webhook, details)
        return webhook
      })
  }

/** Without what is behind the host in the address: some receivers are known by a secret there. */
const record = (
  tx: Executor,
  { actor }: Client,
  action: NewEntry['action'],
  { id, url, registrationId }: PushWebhook,
  details: object = {}
) =>
  writeAudit(tx, { actor, action, registrationId, details: { webhook: id, origin: new URL(url).origin, ...details } })

async function refuseMissing(tx: Executor, id: number): Promise<void> {
  const found = await tx
    .select({ id: registrations.id })
    .from(registrations)
    .where(eq(registrations.id, id))
    .for('share')
  if (found.length === 0) throw new Missing('registration')
}

const tooMany = (whose: 'ofOne' | 'ofAll') =>
  new Conflict(
    `There are ${MOST_WEBHOOKS[whose]} webhooks ${whose === 'ofOne' ? 'for this registration, or for all of them together, ' : ''}already, as many as may be: remove one`
  )
