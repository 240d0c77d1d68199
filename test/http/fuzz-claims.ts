import type { Random } from '../seeded-random.ts'

const ODD: readonly unknown[] = [
  '',
  'x',
  '\0',
  'a\0b',
  0,
  1e9,
  null,
  true,
  [],
  {},
  ['x'],
  { text: 'a' },
  'é'.repeat(300)
]

/** Claims of a CRM at fault: most parts are right, any may be something else. */
export function claimsOf({ chance, pick, below }: Random): Record<string, unknown> {
  const or = (right: unknown, share = 0.15): unknown => (chance(share) ? pick(ODD) : right)
  const text = pick(['hello', 'a\0b', '  x  ', '\u202e', 'e'.repeat(1 + below(2_000))])
  const attachment = or({ name: or('a.png'), uri: or('http://127.0.0.1/a.png'), type: or('image') })
  return {
    body: or({
      chat: or({ id: or('1'), contact: or(`contact ${below(20)}`), subject: or(null) }),
      message: or({
        id: or(`message ${below(1e6)}`),
        content: or({ text: or(text), format: or('text') }),
        attachments: or(chance(0.5) ? [] : [attachment])
      })
    }),
    HPT: or('secret'),
    country: or('RU'),
    currency: or('RUB'),
    settings: or(true),
    ...(chance(0.15) ? { [pick(['iss', 'aud', 'cid', 'plugin', 'exp', 'nbf', 'jti'])]: pick(ODD) } : {})
  }
}
