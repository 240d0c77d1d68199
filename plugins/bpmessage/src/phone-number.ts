/** Brazilian numbers, as the gateway wants them: area code and subscriber, nothing before. */

export interface PhoneNumber {
  /** DDD, 2 digits. */
  areaCode: string
  /** 8 digits of a landline, 9 of a mobile. */
  phone: string
}

export type NumberProblem = 'empty' | 'foreign' | 'length' | 'area' | 'subscriber'

/**
 * Reads a number however it is written: with +55 or without, with the trunk
 * zero, with a carrier's code behind it. Nothing is guessed: an old mobile
 * number of 8 digits is a problem, not a mobile number without its nine.
 */
export function phoneNumber(text: string): PhoneNumber | NumberProblem {
  const digits = text.replace(/\D/g, '')
  if (!digits) return 'empty'
  const national = nationalOf(text.trim(), digits)
  if (national === undefined) return 'foreign'
  if (national.length !== 10 && national.length !== 11) return 'length'

  const [areaCode, phone] = [national.slice(0, 2), national.slice(2)]
  if (!/^[1-9][1-9]$/.test(areaCode)) return 'area'
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
