import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import t from 'tap'
import channel from '../src/channel.ts'
import { written } from '../src/markup/content.ts'
import { split } from '../src/markup/split.ts'
import { lend, settingsOf } from './tools.ts'

const CASES = JSON.parse(await readFile(new URL('../fixtures/webhooks.json', import.meta.url), 'utf8')) as {
  payload: unknown
}[]
const GARBAGE = fc.oneof(fc.constant(undefined), fc.jsonValue({ maxDepth: 2 }))

t.test('whatever stands in a webhook, it is answered, and what is told of it is whole', async t => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...CASES), fc.nat(), GARBAGE, ({ payload }, place, garbage) =>
      isTaken(broken(payload, place, garbage))
    ),
    { numRuns: 2_000 }
  )
  t.pass()
})

t.test('an object that has no text and no number of its own is taken in every place of a webhook', async t => {
  for (const { payload } of CASES)
    for (let place = 0; place < placesOf(payload).length; place++) {
      const hostile = broken(payload, place, { toString: null, valueOf: null })
      t.ok(await isTaken(hostile), JSON.stringify(hostile))
    }
})

t.test('whatever an agent writes, no part of it is too long, and no mark of ours is left in it', async t => {
  const source = fc.array(
    fc.constantFrom('**', '_', '`', '```', '<b>', '</b>', '<p>', '<li>', '> ', '- ', '\n', 'word ', '😀', '&amp;', '|'),
    {
      maxLength: 400
    }
  )
  fc.assert(
    fc.property(
      source,
      fc.constantFrom('markdown', 'html', 'text'),
      fc.integer({ min: 20, max: 300 }),
      (words, format, most) => {
        const text = words.join('')
        const parts = split(written(text, format, false), most)
        return (
          parts.every(part => part.length <= most && part.trim() !== '') &&
          !/[\uE000-\uE009]/.test(parts.join('') + written(text, format, true))
        )
      }
    ),
    { numRuns: 1_000 }
  )
  t.pass()
})

async function isTaken(payload: unknown): Promise<boolean> {
  const { tools, logs } = lend({
    settings: settingsOf({ phoneNumberId: '5550001', businessAccountId: '7770001', appSecret: 's' })
  })
  const body = Buffer.from(JSON.stringify(payload) ?? '')
  const received = await channel.webhook?.receive({ method: 'POST', query: {}, headers: {}, body }, tools)
  if (received?.reply.status !== 200 || logs.some(({ level }) => level === 'error')) return false
  return received.events.every(event => event.kind !== 'message' || isWhole(event))
}

/** The payload with garbage in one of its places. */
function broken(payload: unknown, place: number, garbage: unknown): unknown {
  const copy = structuredClone(payload)
  const places = placesOf(copy)
  places[place % places.length]?.(garbage)
  return copy
}

/** Each place of it, as what puts something else there. */
function placesOf(holder: unknown): ((garbage: unknown) => void)[] {
  if (typeof holder !== 'object' || holder === null) return []
  const map = holder as Record<string, unknown>
  return Object.keys(map).flatMap(key => [
    (garbage: unknown) => {
      map[key] = garbage
    },
    ...placesOf(map[key])
  ])
}

/** The CRM takes no message without a text or a file, and none without a contact. */
function isWhole({
  contact,
  ref,
  content,
  attachments
}: {
  contact: string
  ref: string
  content: { text: string } | null
  attachments: readonly unknown[]
}) {
  return contact !== '' && ref !== '' && (attachments.length > 0 || Boolean(content?.text.trim()))
}
