import { Type } from 'typebox'
import { LIMITS } from '../../protocol/limits.ts'
import { Id } from '../lists.ts'
import { GivenTime, Text } from '../validate.ts'

/** Messages as a client names them: by their ids, or by what they have in common. */

export const MessageLane = Type.Enum(['bulk', 'normal'], {
  description: 'The lane: bulk messages go when normal ones leave room'
})

/** Texts are as long at most as those that are posted. */
export const MESSAGE_FILTER = {
  registration: Type.Optional(Id),
  q: Type.Optional(
    Text(LIMITS.id, 'A contact, an id of the CRM, of the API client or of the gateway; whole, not a piece')
  ),
  reason: Type.Optional(Text(200, 'A piece of the reason')),
  contact: Type.Optional(Text(LIMITS.contact, 'As the CRM writes it')),
  tag: Type.Optional(Text(100, 'The whole tag')),
  class: Type.Optional(MessageLane),
  since: Type.Optional(GivenTime),
  until: Type.Optional(GivenTime),
  channel: Type.Optional(Text(100, 'The channel of the registration')),
  failure: Type.Optional(
    Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$', description: 'A group of `GET /failures`' })
  ),
  settledSince: Type.Optional({ ...GivenTime, description: 'Sent or failed since' }),
  settledUntil: Type.Optional({ ...GivenTime, description: 'Sent or failed before' })
}

/** Most messages that a request can name one by one. */
const MAX_IDS = 1_000

/** In the body of what is done to many messages. */
export const CHOSEN_MESSAGES = {
  ids: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: MAX_IDS, uniqueItems: true })),
  filter: Type.Optional(Type.Object(MESSAGE_FILTER, { additionalProperties: false })),
  dryRun: Type.Optional(Type.Boolean({ description: 'Only count them' }))
}
