import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { shortened } from 'channel-kit/limits'
import { Type } from 'typebox'
import { findTalk } from '../../contacts/talk.ts'
import { conversationLines, type LinePlace } from '../../messages/conversation-lines.ts'
import type { Database } from '../../postgres/connect.ts'
import { otherWay } from '../../protocol/contact.ts'
import { LIMITS } from '../../protocol/limits.ts'
import { Missing } from '../errors.ts'
import { Id, Nullable, Time } from '../lists.ts'
import { type MountedRegistrations, mountedRegistration } from '../mounted-registration.ts'
import { searching } from '../search.ts'
import { Text } from '../validate.ts'

/** Characters of a line. */
const MAX_TEXT = 2_000

const Line = Type.Object(
  {
    at: Time,
    direction: Type.Enum(['in', 'out']),
    by: Type.Enum(['customer', 'crm', 'api', 'phone', 'channel', 'note'], {
      description:
        "`phone`: written on the business's own phone. `channel`: an automatic answer. `note`: a line for the agents alone"
    }),
    text: Type.String({ maxLength: MAX_TEXT }),
    format: Type.String(),
    attachments: Type.Array(Type.Object({ type: Type.String(), name: Type.String(), uri: Type.String() })),
    message: Nullable({ ...Id, description: 'The message, of a line that went out by this host' }),
    status: Nullable(Type.String()),
    state: Nullable(Type.String({ description: 'Of the message, or of the outbox item' })),
    reason: Nullable(Type.String())
  },
  { title: 'ConversationLine' }
)

interface Deps extends MountedRegistrations {
  database: Pick<Database, 'db'>
}

/** `GET /registrations/{id}/conversations/{contact}/lines`. */
export const lineApi =
  ({ database, ...registrations }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/registrations/:id/conversations/:contact/lines',
      {
        config: { scope: 'read' },
        schema: {
          summary: 'What is still known of a conversation, the newest line first',
          description: 'Messages, what the customer wrote as long as the outbox keeps it, and notes for the agents.',
          params: Type.Object({ id: Id, contact: Text(LIMITS.contact) }, { additionalProperties: false }),
          querystring: Type.Object(
            {
              limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
              cursor: Type.Optional(
                Type.String({
                  pattern: '^[1-9][0-9]{0,17}[emo][1-9][0-9]{0,14}$',
                  description: 'The `next` of the answer before'
                })
              )
            },
            { additionalProperties: false }
          ),
          response: { 200: Type.Object({ items: Type.Array(Line), next: Nullable(Type.String()) }) }
        }
      },
      async ({ params: { id, contact }, query: { limit = 50, cursor }, client }) => {
        const { mounted } = await mountedRegistration(registrations, client, id)
        const lines = await searching(database, async tx => {
          const talk = await findTalk(tx, {
            registrationId: id,
            contact,
            other: mounted.phones ? otherWay(contact) : null
          })
          if (talk === undefined) throw new Missing('conversation')
          return conversationLines(tx, talk, { limit: limit + 1, before: placeIn(cursor) })
        })
        const items = lines.slice(0, limit)
        const last = items.at(-1)?.place
        return {
          items: items.map(({ place: _, at, text, ...line }) => ({
            at: at.toISOString(),
            text: shortened(text, MAX_TEXT),
            ...line
          })),
          next: lines.length > limit && last ? `${last.at}${last.source}${last.id}` : null
        }
      }
    )
  }

function placeIn(cursor: string | undefined): LinePlace | undefined {
  const [, at, source, id] = /^(\d+)([emo])(\d+)$/.exec(cursor ?? '') ?? []
  return at === undefined ? undefined : { at, source: source as LinePlace['source'], id: Number(id) }
}
