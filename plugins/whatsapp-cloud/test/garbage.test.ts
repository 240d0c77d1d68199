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
    fc.asyncProperty(fc.constantFrom(...CASES), fc.nat(), GARBAGE, async ({ payload }, place, garbage) => {
      const { tools, logs } = lend({
        settings: settingsOf({ phoneNumberId: '5550001', businessAccountId: '7770001', appSecret: 's' })
      })
      const body = Buffer.from(JSON.stringify(broken(payload, place, garbage)) ?? '')
      const received = await channel.webhook?.receive({ method: 'POST', query: {}, headers: {}, body }, tools)
      if (received?.reply.status !== 200 || logs.some(({ level }) => level === 'error')) return false
      return received.events.every(event => event.kind !== 'message' || isWhole(event))
    }),
    { numRuns: 2_000 }
  )
  t.pass()
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

/** The payload with garbage in one of its places. */
function broken(payload: unknown, place: number, garbage: unknown): unknown {
  const places: (() => void)[] = []
  const copy = structuredClone(payload)
  const visit = (holder: unknown) => {
    if (typeof holder !== 'object' || holder === null) return
    for (const key of Object.keys(holder)) {
      const map = holder as Record<string, unknown>
      places.push(() => {
        map[key] = garbage
      })
      visit(map[key])
    }
  }
  visit(copy)
  places[place % places.length]?.()
  return copy
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
