import { Type } from 'typebox'
import { Holder, Id, Nullable, Price, SuppressedBy, SuppressedFor, Time } from './lists.ts'

/** Events as clients get them, from the feed and by webhooks. */

const COMMON = {
  id: Type.String({ description: 'Its place in the feed' }),
  at: Time,
  registration: Id
}
/** By the name that the CRM knows. */
const CONTACT = { contact: Nullable(Type.String()) }
const Text = Nullable(Type.String())

/** A line of a chat. */
const LINE = {
  subject: Text,
  text: Text,
  format: Text,
  isCut: Type.Boolean({ description: 'The text goes on; the CRM has all of it' }),
  attachments: Type.Array(Type.Object({ type: Type.String(), name: Type.String() }), {
    description: 'The first ten'
  }),
  attachmentCount: Type.Integer()
}

const StatusReached = Type.Object(
  {
    ...COMMON,
    ...CONTACT,
    type: Type.Literal('message.status'),
    message: Id,
    crmId: Text,
    client: Text,
    clientId: Text,
    tag: Text,
    status: Type.Enum(['sent', 'delivered', 'read', 'error']),
    reason: Text,
    code: Nullable(Type.String({ description: "The gateway's own, such as that of an error" })),
    cost: Nullable(Price),
    part: Nullable(
      Type.Integer({
        description: 'Of a message that went in several parts: the one that it is about. Null: the whole'
      })
    )
  },
  { title: 'MessageStatus' }
)

const Received = Type.Object(
  {
    ...COMMON,
    ...CONTACT,
    type: Type.Literal('message.received'),
    ref: Type.String({ description: "The gateway's id" }),
    sentAt: Nullable(Time),
    ...LINE
  },
  { title: 'MessageReceived' }
)

const SentElsewhere = Type.Object(
  {
    ...COMMON,
    ...CONTACT,
    type: Type.Literal('message.sent_elsewhere'),
    source: Type.Enum(['crm', 'phone'], {
      description: "`crm`: an agent wrote it in the CRM. `phone`: it was written on the business's own phone"
    }),
    message: Nullable(Id),
    crmId: Text,
    ref: Nullable(Type.String({ description: "The gateway's id of what a phone sent" })),
    sentAt: Nullable(Time),
    ...LINE
  },
  { title: 'MessageSentElsewhere' }
)

const Suppressed = Type.Object(
  {
    ...COMMON,
    ...CONTACT,
    type: Type.Literal('contact.suppressed'),
    suppressed: Type.Boolean({ description: 'False: it was lifted' }),
    purpose: SuppressedFor,
    source: SuppressedBy
  },
  { title: 'ContactSuppressed' }
)

const Held = Type.Object(
  {
    ...COMMON,
    ...CONTACT,
    type: Type.Literal('conversation.held'),
    held: Type.Boolean({ description: 'False: the hold was ended; that it ran out is no event' }),
    by: Holder,
    until: Nullable(Type.String({ description: 'ISO 8601; null: until somebody ends it' })),
    reason: Text
  },
  { title: 'ConversationHeld' }
)

const Renamed = Type.Object(
  {
    ...COMMON,
    ...CONTACT,
    type: Type.Literal('contact.renamed'),
    from: Type.String(),
    to: Type.String({ description: "The gateway's name of the contact from now on" })
  },
  { title: 'ContactRenamed' }
)

const Paused = Type.Object(
  {
    ...COMMON,
    type: Type.Literal('registration.paused'),
    by: Type.Enum(['operator', 'gateway']),
    until: Nullable(Type.String({ description: 'ISO 8601; null: until somebody resumes it' })),
    reason: Text
  },
  { title: 'RegistrationPaused' }
)

const Changed = Type.Object(
  {
    ...COMMON,
    type: Type.Literal('registration.changed'),
    change: Type.Enum(['registered', 'settings', 'archived', 'unarchived', 'resumed'])
  },
  { title: 'RegistrationChanged' }
)

const TemplateChanged = Type.Object(
  {
    ...COMMON,
    type: Type.Literal('template.changed'),
    change: Type.Enum(['status', 'category', 'content']),
    name: Type.String(),
    language: Text,
    status: Text,
    reason: Text,
    category: Text,
    categoryBefore: Text,
    categoryNext: Nullable(Type.String({ description: 'The one that the gateway says it will have' }))
  },
  { title: 'TemplateChanged', description: "In the gateway's words; null: it does not say" }
)

const QualityChanged = Type.Object(
  {
    ...COMMON,
    type: Type.Literal('quality.changed'),
    of: Type.Enum(['number', 'template']),
    name: Type.String({ description: 'The number, or the name of the template' }),
    language: Text,
    event: Nullable(Type.String({ description: "The gateway's word for what happened" })),
    from: Text,
    to: Text,
    limit: Nullable(Type.String({ description: 'The most that the number may send, as the gateway writes it' })),
    limitBefore: Text
  },
  { title: 'QualityChanged', description: "In the gateway's words; null: it does not say" }
)

const WebhookDisabled = Type.Object(
  {
    ...COMMON,
    registration: Nullable(Id),
    type: Type.Literal('webhook.disabled'),
    webhook: Id,
    reason: Type.String()
  },
  { title: 'WebhookDisabled' }
)

export const Event = Type.Union(
  [
    StatusReached,
    Received,
    SentElsewhere,
    Renamed,
    Suppressed,
    Held,
    Paused,
    Changed,
    TemplateChanged,
    QualityChanged,
    WebhookDisabled
  ],
  { title: 'Event' }
)
