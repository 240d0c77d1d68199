import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { type Mounted, webhookAddress } from '../../channels/load.ts'
import type { Registrations } from '../../registrations/store.ts'
import { writeAudit } from '../audit.ts'
import { Conflict } from '../errors.ts'
import { ById } from '../lists.ts'
import { type MountedRegistrations, mountedRegistration } from '../mounted-registration.ts'

const Address = Type.Object(
  { url: Type.String({ description: 'A secret: whoever knows it may call it' }) },
  { title: 'ChannelWebhook' }
)

interface Deps extends MountedRegistrations {
  registrations: Pick<Registrations, 'get' | 'rotateWebhook'>
}

/** `/registrations/{id}/webhook`: the address that the gateway calls. */
export const channelWebhookApi =
  (deps: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    const path = '/registrations/:id/webhook'
    const config = { scope: 'operate' } as const

    app.get(
      path,
      {
        config,
        schema: { summary: 'The address that the gateway calls', params: ById, response: { 200: Address } }
      },
      async ({ params: { id }, client }) => {
        const { registration, mounted } = await mountedRegistration(deps, client, id)
        refuseWithout(mounted)
        return { url: webhookAddress(mounted, registration.webhookToken) }
      }
    )

    app.post(
      `${path}/rotate`,
      {
        config,
        schema: {
          summary: 'Give the webhook another address',
          description:
            'The one before answers 404 from now on, since an address is changed when somebody has it who should not. Enter the new one at the gateway at once: what it calls meanwhile is lost, unless the gateway repeats its calls.',
          params: ById,
          response: { 200: Address }
        }
      },
      async ({ params: { id }, client }) => {
        const { mounted } = await mountedRegistration(deps, client, id)
        refuseWithout(mounted)
        const token = await deps.registrations.rotateWebhook(id, tx =>
          writeAudit(tx, { actor: client.actor, action: 'channel_webhook.rotated', registrationId: id })
        )
        return { url: webhookAddress(mounted, token) }
      }
    )
  }

function refuseWithout({ channel }: Mounted): void {
  if (!channel.webhook) throw new Conflict(`The channel "${channel.name}" has no webhook`)
}
