/** One canonical form, E.164, from every way in which people write a number. */

const MARKS = /[\s()./\-\u00ad\u2010-\u2015\u200b-\u200f\u202a-\u202e\u2060\ufeff]/g

/** A Slovak mobile number in E.164; undefined for any other, the only ones that the gateway sends to. */
export function slovakMobile(written: string): string | undefined {
  const bare = written.replace(MARKS, '')
  // With "(0)" behind the country, with the country, with a trunk zero, or with nothing in front.
  const [, national] = /^(?:(?:\+|00)?4210?|0)?(9\d{8})$/.exec(bare) ?? []
  return national && `+421${national}`
}

/** Who wrote, as a contact: E.164 where it is a number of any country, else as the gateway has it, such as a short number. */
export function contactOf(from: string): string {
  const bare = from.replace(MARKS, '')
  const [, international] = /^(?:\+|00)([1-9]\d{6,14})$/.exec(bare) ?? []
  return slovakMobile(from) ?? (international ? `+${international}` : from.trim())
}
