import { typed } from 'channel-kit/typed'

/** The canonical form of a phone number, E.164, from every way in which people write it. */

/** Without what stands around a number: its scheme, and the marks between the digits. */
const bareOf = (written: string): string =>
  typed(written)
    .replace(/^(?:tel|sms|smsto|callto|whatsapp):(?:\/\/)?/i, '')
    .replace(/[\s()[\]./,;:<>~"'·-]/g, '')

/** A Slovak mobile number in E.164; undefined for any other, the only ones that the gateway sends to. */
export function slovakMobile(written: string): string | undefined {
  // With "(0)" behind the country, with the country, with a trunk zero, or with nothing in front.
  const [, national] = /^(?:(?:\+|00?)?4210?|0)?(9\d{8})$/.exec(bareOf(written)) ?? []
  return national && `+421${national}`
}

/** The sender as a contact: E.164 where it is a number of any country, else as the gateway has it, such as a short number. */
export function contactOf(from: string): string {
  const [, international] = /^(?:\+|00)([1-9]\d{6,14})$/.exec(bareOf(from)) ?? []
  return slovakMobile(from) ?? (international ? `+${international}` : from.trim())
}
