/**
 * Names of contacts. A phone number is written with the plus of E.164 or without,
 * by gateways and by CRMs alike, and is one contact in either way.
 */

/** Shorter ones are numbers of a service, which no country knows. */
const NUMBER = /^\+?([1-9]\d{6,14})$/

const digitsOf = (contact: string): string | undefined => NUMBER.exec(contact)?.[1]

/** As the CRM is told of a contact that it does not know yet: a number of a country with its plus. */
export function numbered(contact: string): string {
  const digits = digitsOf(contact)
  return digits === undefined ? contact : `+${digits}`
}

/** The number in the other of its two ways; null: it is no number of a country. */
export function otherWay(contact: string): string | null {
  const digits = digitsOf(contact)
  if (digits === undefined) return null
  return contact === digits ? `+${digits}` : digits
}

/** Both ways, or the only one. */
export function waysOf(contact: string): string[] {
  const other = otherWay(contact)
  return other === null ? [contact] : [contact, other]
}
