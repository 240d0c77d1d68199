import type { Dice } from '../dice.ts'

/** Data of the hostile tenant's gateway, customers and agents: each a kind that a shared statement or a parser may fall over. */

/** Characters that neither compress nor repeat: what does would fit into an index that it should not. */
const rubbish = (dice: Dice, length: number, what: string): string =>
  Array.from({ length }, (_, index) => String.fromCharCode(dice.between(0x21, 0x7e, `${what} ${index}`))).join('')

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`

export function createPoison(dice: Dice) {
  const long = rubbish(dice, 12_000, 'long')
  const ref = (what: string) => `"${rubbish(dice, 24, what)}"`

  /** As JSON by hand: some of it is none that `JSON.stringify` would write. */
  const refs = [JSON.stringify(long), '"a\\u0000b"', '"\\ud800"', '""', '5', 'null', '{}']
  const outcomes = [
    ...refs.map(value => `{"kind":"accepted","ref":${value}}`),
    `{"kind":"accepted","ref":"r","remember":${nested(20_000)}}`,
    `{"kind":"accepted","ref":"r","later":[{"afterMs":0,"events":[{"kind":"message","ref":7,"contact":"","attachments":5}]}]}`,
    `{"kind":"accepted","ref":"r","restMs":1e300}`,
    `{"kind":"accepted","ref":"r","sent":[{"part":0,"ref":${JSON.stringify(long)}}]}`,
    `{"kind":"rejected","reason":"${'why '.repeat(200_000)}"}`,
    `{"kind":"rejected","reason":"\\u0000"}`,
    `{"kind":"retry","reason":"r","afterMs":-5}`,
    `{"kind":"unknown","reason":"\\udc00","progress":${nested(5_000)}}`,
    'null',
    '[]',
    '"accepted"',
    '{}',
    'no JSON'
  ]

  const events = [
    ...refs.map(value => `{"kind":"status","ref":${value},"status":"delivered"}`),
    ...refs.map(
      value => `{"kind":"message","ref":"m","contact":${value},"subject":null,"content":null,"attachments":[]}`
    ),
    `{"kind":"message","ref":"m","contact":"c","subject":7,"content":{"text":5,"format":"text"},"attachments":[]}`,
    `{"kind":"message","ref":"m","contact":"c","subject":null,"content":{"text":"\\u0000\\ud800","format":"text"},"attachments":[]}`,
    `{"kind":"message","ref":"m","contact":"c","subject":null,"content":null,"attachments":[],"context":${nested(20_000)}}`,
    `{"kind":"message","ref":"m","contact":"c","subject":null,"content":null,"attachments":[],"at":"never"}`,
    `{"kind":"renamed","from":"a","to":${JSON.stringify(long)}}`,
    `{"kind":"answer","ref":"a","contact":"c","content":{"text":null,"format":"text"}}`,
    `{"kind":"note","name":"n","value":${nested(20_000)}}`,
    '{"kind":"constructor"}',
    'null'
  ]

  const texts = [
    `a${' '.repeat(65_000)}b`,
    '_a__'.repeat(16_000),
    `<ol>${'<li>'.repeat(16_000)}`,
    `/template ${'„a '.repeat(20_000)}`,
    `{% capture a %}${'{{a}}{{a}}'.repeat(1_000)}{% endcapture %}`,
    '['.repeat(60_000),
    '\u200b'.repeat(60_000)
  ]

  const one = (list: readonly string[], what: string) => list[dice.between(0, list.length - 1, what)] as string

  return {
    /** The answer to a send. */
    outcome: (what: string) =>
      dice.chance(0.2, what) ? `{"kind":"accepted","ref":${ref(what)}}` : one(outcomes, what),
    /** The body of a webhook, as the channel hands it on. */
    received: (what: string) => {
      const count = dice.chance(0.1, what) ? 2_000 : 3
      const brought = Array.from({ length: count }, (_, index) => one(events, `${what} ${index}`))
      return `{"reply":{"status":200},"events":[${brought.join()}]}`
    },
    text: (what: string) => one(texts, what)
  }
}
