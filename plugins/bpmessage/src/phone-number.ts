import { typed } from 'channel-kit/typed'

/** Brazilian numbers, as the gateway wants them: area code and subscriber, nothing before. */

export interface PhoneNumber {
  /** DDD, 2 digits. */
  areaCode: string
  /** 8 digits of a landline, 9 of a mobile. */
  phone: string
}

/** Area codes of Brazil. Source: Anatel, Plano Geral de Códigos Nacionais. */
const AREA_CODES = new Set(
  (
    '11 12 13 14 15 16 17 18 19 21 22 24 27 28 31 32 33 34 35 37 38 41 42 43 44 45 46 47 48 49 51 53 54 55 ' +
    '61 62 63 64 65 66 67 68 69 71 73 74 75 77 79 81 82 83 84 85 86 87 88 89 91 92 93 94 95 96 97 98 99'
  ).split(' ')
)

export type NumberProblem = 'empty' | 'foreign' | 'length' | 'area' | 'subscriber'

/**
 * Reads a number however it is written: with +55 or without, with the trunk
 * zero, with a carrier's code behind it. Nothing is guessed: an old mobile
 * number of 8 digits is a problem, not a mobile number without its nine.
 */
export function phoneNumber(written: string): PhoneNumber | NumberProblem {
  const text = typed(written)
    .replace(/^(?:tel|sms|whatsapp):/i, '')
    .trim()
  const digits = text.replace(/\D/g, '')
  if (!digits) return 'empty'
  const national = nationalOf(text.replace(/^[^\d+]+/, ''), digits)
  if (national === undefined) return 'foreign'
  if (national.length !== 10 && national.length !== 11) return 'length'

  const [areaCode, phone] = [national.slice(0, 2), national.slice(2)]
  if (!AREA_CODES.has(areaCode)) return 'area'
  return (phone.length === 9 ? /^9/ : /^[2-5]/).test(phone) ? { areaCode, phone } : 'subscriber'
}

function nationalOf(text: string, digits: string): string | undefined {
  if (text.startsWith('+')) return digits.startsWith('55') ? withoutTrunk(digits.slice(2)) : undefined
  if (digits.startsWith('00')) return digits.startsWith('0055') ? withoutTrunk(digits.slice(4)) : undefined
  // 55 is an area code too, of which the length tells.
  if (digits.startsWith('55') && (digits.length === 12 || digits.length === 13)) return digits.slice(2)
  return withoutTrunk(digits)
}

function withoutTrunk(digits: string): string {
  if (!digits.startsWith('0')) return digits
  return digits.length >= 13 ? digits.slice(3) : digits.slice(1)
}
