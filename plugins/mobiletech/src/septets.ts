import { PLAIN_SIGNS, visible } from 'channel-kit/typed'

/** The cost of a text on the air, by the alphabets of GSM 03.38. */

const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const EXTENDED = '^{}\\[~]|€\f'

const SEPTETS: ReadonlyMap<string, number> = new Map([
  ...[...BASIC].map(letter => [letter, 1] as const),
  ...[...EXTENDED].map(letter => [letter, 2] as const)
])

export type Alphabet = 'gsm7' | 'ucs2'

/** Size of an SMS: septets, or units of UTF-16. */
export const LIMITS = { gsm7: 160, ucs2: 70 } as const satisfies Record<Alphabet, number>

export const alphabetOf = (text: string): Alphabet => ([...text].every(letter => SEPTETS.has(letter)) ? 'gsm7' : 'ucs2')

/** In septets or in units of UTF-16. */
export const costOf = (text: string, alphabet: Alphabet): number =>
  alphabet === 'ucs2' ? text.length : [...text].reduce((sum, letter) => sum + (SEPTETS.get(letter) ?? 1), 0)

/** Letters that are no other letter with a mark on it; signs are the kit's table. */
const REPLACEMENTS: Readonly<Record<string, string>> = {
  ł: 'l',
  Ł: 'L',
  đ: 'd',
  Đ: 'D',
  ð: 'd',
  þ: 'th',
  œ: 'oe',
  Œ: 'OE',
  ı: 'i',
  '×': 'x',
  '©': '(c)',
  '®': '(r)',
  '™': '(tm)',
  '°': ' st.',
  '\t': ' '
}

/** Without what costs an SMS more than half of its room, as far as it can be said otherwise. */
export const transliterated = (text: string): string => [...visible(text).normalize('NFC')].map(plainer).join('')

function plainer(letter: string): string {
  if (SEPTETS.has(letter)) return letter
  const bare = PLAIN_SIGNS.get(letter) ?? REPLACEMENTS[letter] ?? letter.normalize('NFKD').replace(/\p{M}/gu, '')
  return alphabetOf(bare) === 'gsm7' ? bare : letter
}
