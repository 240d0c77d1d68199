import { Type } from 'typebox'
import { ATTACHMENT_TYPES, FORMATS, STATUSES } from './chat.ts'
import type { GatewayEvent, StatusEvent } from './event.ts'
import { checker, type Fields, isFields, kinds, type Read, reading } from './field-reader.ts'
import {
  Contact,
  Id,
  list,
  Milliseconds,
  MOST,
  opaque,
  PartNumber,
  Reason,
  StoredWord,
  shortened,
  text,
  word
} from './limits.ts'

/** Events as the host takes them from any channel's answer. */

const STATUS = Type.Object({
  kind: Type.Literal('status'),
  ref: Id,
  status: word([...STATUSES, 'returned']),
  reason: Type.Optional(Reason),
  way: Type.Optional(text(MOST.word, 1)),
  afterMs: Type.Optional(Milliseconds),
  message: Type.Optional(Type.Object({ id: text(MOST.id), part: Type.Optional(PartNumber) })),
  contact: Type.Optional(Contact),
  remember: Type.Optional(opaque())
})
const COST = Type.Object(
  {
    unit: StoredWord,
    count: Type.Optional(Type.Number({ minimum: 0, maximum: 1e9 })),
    category: Type.Optional(StoredWord),
    type: Type.Optional(StoredWord),
    model: Type.Optional(StoredWord),
    amount: Type.Optional(Type.Number({ minimum: 0, maximum: 1e9 })),
    currency: Type.Optional(Type.String({ pattern: '^[A-Z]{3}$' }))
  },
  { additionalProperties: false }
)
/** The fields of a status by which nothing is done. */
const charged = checker<Pick<StatusEvent, 'code' | 'cost'>>(
  Type.Object({ code: Type.Optional(StoredWord), cost: Type.Optional(COST) })
)
const FILE = { name: text(MOST.name), type: word(ATTACHMENT_TYPES) }
/** A customer's text may be of any length: one that is too long for a message of the CRM becomes several. */
const SAID = Type.Object({ text: text(Number.POSITIVE_INFINITY, 1), format: word(FORMATS) })

const check = kinds<GatewayEvent>({
  status: STATUS,
  either: Type.Object({ kind: Type.Literal('either'), statuses: list(STATUS, MOST.attachments) }),
  message: Type.Object({
    kind: Type.Literal('message'),
    by: Type.Optional(word(['business', 'channel'])),
    hidden: Type.Optional(Type.Boolean()),
    ref: Id,
    contact: Contact,
    subject: Type.Union([Type.Null(), text(MOST.name)]),
    content: Type.Union([Type.Null(), SAID]),
    attachments: list(
      Type.Union([
        Type.Object({ ...FILE, uri: text(MOST.uri) }),
        Type.Object({ ...FILE, media: opaque(), uri: Type.Optional(Type.Never()) })
      ]),
      MOST.reportedAttachments
    ),
    context: Type.Optional(opaque()),
    remember: Type.Optional(opaque())
  }),
  answer: Type.Object({
    kind: Type.Literal('answer'),
    ref: Id,
    answers: Type.Optional(Id),
    contact: Contact,
    content: Type.Union([
      Type.Object({ text: text(MOST.text, 1), format: word(['text', 'markdown']) }),
      Type.Object({ text: text(MOST.html, 1), format: Type.Literal('html') })
    ])
  }),
  renamed: Type.Object({ kind: Type.Literal('renamed'), from: Contact, to: Contact }),
  consent: Type.Object({
    kind: Type.Literal('consent'),
    contact: Contact,
    purpose: word(['marketing', 'all']),
    isGiven: Type.Boolean()
  }),
  note: Type.Object({ kind: Type.Literal('note'), name: text(MOST.note, 1), value: Type.Optional(opaque()) }),
  template: Type.Object({
    kind: Type.Literal('template'),
    ref: Id,
    change: word(['status', 'category', 'content']),
    name: Id,
    language: Type.Optional(StoredWord),
    status: Type.Optional(StoredWord),
    reason: Type.Optional(Reason),
    category: Type.Optional(StoredWord),
    categoryBefore: Type.Optional(StoredWord),
    categoryNext: Type.Optional(StoredWord)
  }),
  quality: Type.Object({
    kind: Type.Literal('quality'),
    ref: Id,
    of: word(['number', 'template']),
    name: Id,
    language: Type.Optional(StoredWord),
    event: Type.Optional(StoredWord),
    from: Type.Optional(StoredWord),
    to: Type.Optional(StoredWord),
    limit: Type.Optional(StoredWord),
    limitBefore: Type.Optional(StoredWord)
  })
})

/** `leftOut`: told where a field is wrong that an event can do without. Where there is nobody to be told, it goes as quietly. */
type LeftOut = (wrong: string) => void

/** An event of a channel, checked and copied, or the error in it. Never throws, whatever it is given. */
export const readEvent = (answer: unknown, leftOut: LeftOut = () => {}): Read<GatewayEvent> =>
  reading(answer, fields => eventOf(fields, leftOut))

/** An event by fields that are copied already. */
function eventOf(fields: Fields, leftOut: LeftOut): Read<GatewayEvent> {
  tidyStatus(fields, leftOut)
  if (fields.kind === 'either' && Array.isArray(fields.statuses))
    for (const [index, status] of fields.statuses.entries())
      if (isFields(status)) tidyStatus(status, wrong => leftOut(`/statuses/${index}${wrong}`))
  const read = check(fields.kind === 'message' ? tidied(fields) : fields)
  return 'value' in read && isEmpty(read.value) ? { wrong: '/content has no text, and nothing is attached' } : read
}

/** A price that cannot be read is no reason to lose how far a message got. */
function tidyStatus(fields: Fields, leftOut: LeftOut): void {
  shortenReason(fields)
  if (fields.kind === 'status') tidyCharge(fields, leftOut)
}

export function tidyCharge(fields: Fields, leftOut: LeftOut = () => {}): void {
  for (const name of ['code', 'cost']) {
    const read = charged({ [name]: fields[name] })
    if ('value' in read) continue
    delete fields[name]
    leftOut(`${read.wrong}; it is left out`)
  }
}

export function shortenReason(fields: Fields): void {
  if (typeof fields.reason === 'string') fields.reason = shortened(fields.reason, MOST.reason)
}

const isEmpty = (event: GatewayEvent) =>
  event.kind === 'message' && event.content === null && event.attachments.length === 0

/** Shortens or drops the fields that a customer can make too long and a reader can do without, so that the message is not lost. */
function tidied({ at, ...given }: Fields): Fields {
  const subject = typeof given.subject === 'string' ? shortened(whole(given.subject), MOST.name) : given.subject
  const content = isFields(given.content) ? wholeContent(given.content) : given.content
  const attachments = Array.isArray(given.attachments) ? given.attachments.map(named) : given.attachments
  const time = typeof at === 'string' || typeof at === 'number' ? new Date(at) : at
  const isTime = time instanceof Date && !Number.isNaN(time.getTime())
  // An invalid time is dropped: the message is worth more than its time.
  return {
    ...given,
    subject: subject || null,
    content: content ?? null,
    attachments,
    ...(isTime ? { at: time } : {})
  }
}

const named = (one: unknown): unknown =>
  isFields(one) && typeof one.name === 'string' ? { ...one, name: shortenedName(whole(one.name)) } : one

/** Half a character, and NUL, are nothing that a CRM takes. */
const whole = (text: string) => text.toWellFormed().replaceAll('\0', '')

function wholeContent(content: Fields): Fields | null {
  const text = typeof content.text === 'string' ? whole(content.text) : content.text
  return text === '' ? null : { ...content, text }
}

/** The end of a file's name says what it is. */
function shortenedName(name: string): string {
  if (name.length <= MOST.name) return name
  const end = name.slice(-16).toWellFormed()
  return `${shortened(name, MOST.name - end.length)}${end}`
}

/**
 * Events that come together, each checked by itself. `wrong`: the errors of
 * invalid events, and of fields that are left out, each with its place. Only a list that itself cannot be read is
 * wrong as a whole.
 */
export function readEvents(given: unknown): Read<{ events: GatewayEvent[]; wrong: string[] }> {
  const listed = listOf(given)
  if ('wrong' in listed) return listed
  const events: GatewayEvent[] = []
  const wrong: string[] = []
  for (const [index, read] of listed.value.entries()) {
    const one = readEvent(read, field => wrong.push(`/events/${index}${field}`))
    if ('value' in one) events.push(one.value)
    else wrong.push(`/events/${index}${one.wrong}`)
  }
  return { value: { events, wrong } }
}

function listOf(given: unknown): Read<unknown[]> {
  try {
    if (!Array.isArray(given)) return { wrong: '/events is no list' }
    const { length } = given
    if (length > MOST.events) return { wrong: `/events has more than ${MOST.events} members` }
    return { value: Array.from({ length }, (_, index) => memberOf(given, index)) }
  } catch {
    return { wrong: '/events cannot be read' }
  }
}

/** A member of a list; undefined if it throws when it is read, so that it harms no other. */
function memberOf(given: readonly unknown[], index: number): unknown {
  try {
    return given[index]
  } catch {
    return undefined
  }
}

/** Events as in `later` of an outcome: all of them, or the first error. */
export function allEvents(given: readonly unknown[], path: string, leftOut: LeftOut): Read<GatewayEvent[]> {
  const events: GatewayEvent[] = []
  for (const [index, one] of given.entries()) {
    const place = `${path}/${index}`
    const read = isFields(one) ? eventOf(one, field => leftOut(`${place}${field}`)) : { wrong: ' is no object' }
    if ('wrong' in read) return { wrong: `${place}${read.wrong}` }
    events.push(read.value)
  }
  return { value: events }
}

export const LATER = Type.Object({ afterMs: Milliseconds, events: list(Type.Unknown(), MOST.events) })
