import { type ChatMessage, FORMATS } from 'channel-kit/chat'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { NewItem } from '../messages/accept-items.ts'
import { readPosted } from '../protocol/chat.ts'
import { LIMITS } from '../protocol/limits.ts'
import { failure, type Result, success } from '../protocol/result.ts'
import { firstProblem } from './errors.ts'
import { GivenTime, Text } from './validate.ts'

/** An item: a message of an API client, as it is posted. Each is judged by itself, so that a wrong one costs no other. */

/** Characters of a value, and values of a template. */
const MAX_VALUE = 4_096
const MAX_VALUES = 100
/** Further ahead it is a mistake of units. */
const LONGEST_AHEAD_MS = 366 * 24 * 3_600_000

const Value = Type.String({ maxLength: MAX_VALUE })

export const MessageItem = Type.Object(
  {
    id: Text(LIMITS.id, "The client's own id: the same once more, in this registration, sends nothing"),
    contact: Text(LIMITS.contact),
    text: Type.Optional(Type.String({ maxLength: LIMITS.html })),
    format: Type.Optional(Type.Enum([...FORMATS], { default: 'text' })),
    template: Type.Optional(
      Type.Object(
        {
          name: Text(512),
          language: Type.Optional(Text(20)),
          parameters: Type.Optional(
            Type.Union([
              Type.Array(Value, { maxItems: MAX_VALUES }),
              Type.Record(Type.String({ maxLength: 100 }), Value, { maxProperties: MAX_VALUES })
            ])
          )
        },
        {
          additionalProperties: false,
          description: 'Instead of a text, where the channel has templates; parameters in their order, or by name'
        }
      )
    ),
    attachments: Type.Optional(
      Type.Array(
        Type.Object({ type: Type.String(), name: Type.String(), uri: Type.String() }, { additionalProperties: false }),
        { maxItems: LIMITS.attachments }
      )
    ),
    subject: Type.Optional(Text(LIMITS.subject)),
    class: Type.Optional(
      Type.Enum(['bulk', 'normal'], {
        default: 'bulk',
        description: '`bulk` leaves room for `normal`, which overtakes it. Each needs the scope: bulk, or send'
      })
    ),
    purpose: Type.Optional(Type.Enum(['service', 'marketing'], { default: 'service' })),
    notBefore: Type.Optional({ ...GivenTime, description: 'Holds up nothing until then' }),
    expiresAt: Type.Optional({ ...GivenTime, description: 'Not begun until then, it ends as failed: expired' }),
    ifNotHeld: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'It ends as failed, "skipped: held", if a person talks with the contact when it is its turn'
      })
    ),
    ifNoneAfter: Type.Optional(
      Type.String({
        pattern: '^[1-9][0-9]{0,14}$',
        description:
          'The `id` of an event of the feed: it ends as failed if the contact or a person has written since. It then expires when events do, at the latest'
      })
    ),
    tag: Type.Optional(Text(100, 'Any word to find the messages by')),
    tellCrm: Type.Optional(
      Type.Enum(['whenAnswered', 'always', 'never'], {
        default: 'whenAnswered',
        description: "When the CRM gets a note of it: with the contact's next message, once it is sent, or never"
      })
    )
  },
  { additionalProperties: false, title: 'MessageItem' }
)

type GivenItem = Static<typeof MessageItem>

const check = Compile(MessageItem)

export interface How {
  now: Date
  /** Another name of a contact. */
  otherWay: (contact: string) => string | null
  /** The channel has templates. */
  templates: boolean
  /** Events are kept so long; 0: there are none. */
  eventsMs: number
  /** The place of the last event that a client may have read. */
  lastEvent: number
}

/** Reads an item, or says why it is none. */
export function readItem(given: unknown, how: How): Result<NewItem> {
  if (!check.Check(given)) return failure(firstProblem(check.Errors(given)))
  const item: GivenItem = given
  const { now, otherWay, templates } = how
  if (item.template && !templates) return failure('template: this channel has none')
  const times = timesOf(item, now)
  if (!times.ok) return times
  const condition = conditionOf(item, times.value, how)
  if (!condition.ok) return condition

  const body = bodyOf(item)
  if (!body.ok) return body
  const { tellCrm = 'whenAnswered' } = item
  return success({
    id: item.id.toWellFormed(),
    body: body.value,
    other: otherWay(body.value.contact),
    bulk: item.class !== 'normal',
    ...times.value,
    ...condition.value,
    tag: item.tag?.toWellFormed() ?? null,
    purpose: item.purpose ?? 'service',
    ifNotHeld: item.ifNotHeld === true,
    tellCrm: tellCrm === 'never' ? null : tellCrm
  })
}

function bodyOf({ template, ...item }: GivenItem): Result<ChatMessage> {
  const posted = readPosted(
    {
      chat: { id: null, contact: item.contact, subject: item.subject ?? null },
      message: {
        id: null,
        content: item.text === undefined ? null : { text: item.text, format: item.format ?? 'text' },
        attachments: item.attachments ?? []
      }
    },
    { bare: template !== undefined }
  )
  if (!posted.ok) return posted
  const { crmId: _, chatId: __, ...body } = posted.value
  return success(template ? { ...body, template } : body)
}

function timesOf(
  item: Pick<GivenItem, 'notBefore' | 'expiresAt'>,
  now: Date
): Result<Pick<NewItem, 'notBefore' | 'expiresAt'>> {
  const [notBefore, expiresAt] = [item.notBefore, item.expiresAt].map(time =>
    time === undefined ? null : new Date(time)
  )
  const isFar = (time: Date | null | undefined) => time && time.getTime() > now.getTime() + LONGEST_AHEAD_MS
  if (isFar(notBefore)) return failure('notBefore is more than a year ahead')
  if (expiresAt && expiresAt <= now) return failure('expiresAt is in the past')
  if (expiresAt && notBefore && expiresAt <= notBefore) return failure('expiresAt is not after notBefore')
  return success({ notBefore: notBefore ?? null, expiresAt: expiresAt ?? null })
}

/** A condition on events, which expires with them: later, nobody knows any more what was written since. */
function conditionOf(
  { ifNoneAfter }: Pick<GivenItem, 'ifNoneAfter'>,
  { notBefore, expiresAt }: Pick<NewItem, 'notBefore' | 'expiresAt'>,
  { now, eventsMs, lastEvent }: Pick<How, 'now' | 'eventsMs' | 'lastEvent'>
): Result<Pick<NewItem, 'ifNoneAfter' | 'expiresAt'>> {
  if (ifNoneAfter === undefined) return success({ ifNoneAfter: null, expiresAt })
  if (eventsMs === 0) return failure('ifNoneAfter: this host keeps no events')
  if (Number(ifNoneAfter) > lastEvent) return failure('ifNoneAfter: there is no such event')
  const known = new Date(now.getTime() + eventsMs)
  if (notBefore && known <= notBefore) return failure('ifNoneAfter: events are not kept until notBefore')
  return success({ ifNoneAfter: Number(ifNoneAfter), expiresAt: expiresAt && expiresAt < known ? expiresAt : known })
}

/** True where an item names an event, also of what is no item. */
export const isConditional = (given: unknown): boolean =>
  typeof given === 'object' && given !== null && 'ifNoneAfter' in given

/** True for the bulk lane, also of what is no item. */
export const isBulk = (given: unknown): boolean =>
  !(typeof given === 'object' && given !== null && 'class' in given && given.class === 'normal')
