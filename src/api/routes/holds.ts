import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { type Hold, holdIn, holdOf, releaseIn } from '../../contacts/holds.ts'
import { findTalk, lockTalk } from '../../contacts/talk.ts'
import type { Database } from '../../postgres/connect.ts'
import { otherWay } from '../../protocol/contact.ts'
import { LIMITS } from '../../protocol/limits.ts'
import { writeAudit } from '../audit.ts'
import { Past } from '../errors.ts'
import { Holder, Id, Nullable, Time } from '../lists.ts'
import { type MountedRegistrations, mountedRegistration } from '../mounted-registration.ts'
import type { Client } from '../tokens.ts'
import { GivenTime, Text } from '../validate.ts'

const Held = Type.Object(
  {
    contact: Type.String({ description: 'As given' }),
    held: Type.Boolean(),
    by: Nullable(Holder),
    until: Nullable(Time),
    reason: Nullable(Type.String())
  },
  { title: 'Hold', description: 'Where it is held and `until` is null, it is until somebody ends it' }
)

const Params = Type.Object({ id: Id, contact: Text(LIMITS.contact) }, { additionalProperties: false })

interface Deps extends MountedRegistrations {
  database: Pick<Database, 'db'>
  now: () => Date
}

const shown = (contact: string, hold: Hold | undefined): Static<typeof Held> => ({
  contact,
  held: hold !== undefined,
  by: hold?.by ?? null,
  until: hold?.until?.toISOString() ?? null,
  reason: hold?.reason ?? null
})

/** `/registrations/{id}/conversations/{contact}/hold`: a person talks, and what is automatic keeps quiet. */
export const holdApi =
  ({ database: { db }, now, ...registrations }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    const path = '/registrations/:id/conversations/:contact/hold'
    const config = { scope: 'hold' } as const

    app.get(
      path,
      { config, schema: { summary: 'Whether a conversation is held', params: Params, response: { 200: Held } } },
      async ({ params, client }) => {
        const wanted = await named(params, client)
        const hold = await db.transaction(async tx => {
          const conversationId = await findTalk(tx, wanted)
          return conversationId === undefined ? undefined : holdOf(tx, conversationId)
        })
        return shown(params.contact, hold)
      }
    )

    app.put(
      path,
      {
        config,
        schema: {
          summary: 'Hold a conversation',
          description:
            'While it is held, items with `ifNotHeld` end as failed instead of being sent. It replaces the hold that there is.',
          params: Params,
          body: Type.Object({ until: Type.Optional(GivenTime), reason: Text(500) }, { additionalProperties: false }),
          response: { 200: Held }
        }
      },
      async ({ params, body: { until, reason }, client }) => {
        const end = until === undefined ? null : new Date(until)
        if (end && end <= now()) throw new Past('until')
        const wanted = await named(params, client)
        const hold: Hold = { by: 'api', until: end, reason: reason.toWellFormed() }
        await db.transaction(async tx => {
          const talk = await lockTalk(tx, wanted)
          await holdIn(tx, talk, hold)
          await writeAudit(tx, {
            actor: client.actor,
            action: 'conversation.held',
            registrationId: params.id,
            // An erasure leaves the audit, so it names no contact.
            details: { conversation: talk.id, until: until ?? null, reason }
          })
        })
        return shown(params.contact, hold)
      }
    )

    app.delete(
      path,
      { config, schema: { summary: 'End a hold', params: Params, response: { 200: Held } } },
      async ({ params, client }) => {
        const wanted = await named(params, client)
        await db.transaction(async tx => {
          if ((await findTalk(tx, wanted)) === undefined) return
          const talk = await lockTalk(tx, wanted)
          if (await releaseIn(tx, talk, 'api'))
            await writeAudit(tx, {
              actor: client.actor,
              action: 'conversation.released',
              registrationId: params.id,
              details: { conversation: talk.id }
            })
        })
        return shown(params.contact, undefined)
      }
    )

    async function named({ id, contact }: Static<typeof Params>, client: Client) {
      const { mounted } = await mountedRegistration(registrations, client, id)
      return { registrationId: id, contact, other: mounted.phones ? otherWay(contact) : null }
    }
  }
