import { typed } from 'channel-kit/typed'

/** CPF (persons) and CNPJ (companies), by their check digits. */

/** Without punctuation, whoever typed it and wherever it was pasted from. */
export const unpunctuated = (text: string): string =>
  typed(text)
    .replace(/[\s./-]/g, '')
    .toUpperCase()

/** Without punctuation; undefined when it is neither. */
export function taxpayer(text: string): string | undefined {
  const id = unpunctuated(text)
  if (/^(.)\1*$/.test(id)) return undefined
  return isCpf(id) || isCnpj(id) ? id : undefined
}

export const isCpf = (id: string): boolean =>
  /^\d{11}$/.test(id) && checks(id, 9, [10, 9, 8, 7, 6, 5, 4, 3, 2]) && checks(id, 10, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2])

/** Numbers given since July 2026 may have letters before the check digits. */
const isCnpj = (id: string): boolean =>
  /^[\dA-Z]{12}\d{2}$/.test(id) &&
  checks(id, 12, [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) &&
  checks(id, 13, [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])

/** True if the character at `position` is the check digit of those before it. */
function checks(id: string, position: number, weights: readonly number[]): boolean {
  const sum = weights.reduce((total, weight, index) => total + weight * (id.charCodeAt(index) - 48), 0)
  const rest = sum % 11
  return Number(id[position]) === (rest < 2 ? 0 : 11 - rest)
}
