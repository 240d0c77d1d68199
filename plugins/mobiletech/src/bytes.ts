/** Bytes as text, in the charset that they are in: what they are decides where it can, then what is said of them. */

/** The alphabet of Slovak texts before UTF-8; every byte is some letter of it. */
const GUESS = 'windows-1250'

/** By the byte order mark, by the zeros of UTF-16, by being UTF-8, then by the first charset named that fits, else by the likely one. */
export function textOf(bytes: Uint8Array, named: readonly string[]): string {
  const utf16 = utf16Of(bytes)
  if (utf16) return decode(bytes, utf16, false) ?? ''
  return utf8Of(bytes) ?? named.flatMap(name => eightBit(bytes, name) ?? []).at(0) ?? decode(bytes, GUESS, false) ?? ''
}

/** The encoding of an XML document: a mark, or the zero beside its first `<` or blank. */
function utf16Of([first = 1, second = 1, third = 1, fourth = 1]: Uint8Array): 'utf-16be' | 'utf-16le' | undefined {
  if ((first === 0xfe && second === 0xff) || (first === 0 && isMarkup(second) && third === 0)) return 'utf-16be'
  if ((first === 0xff && second === 0xfe) || (isMarkup(first) && second === 0 && fourth === 0)) return 'utf-16le'
  return undefined
}

const isMarkup = (byte: number) => [0x3c, 0x20, 0x09, 0x0a, 0x0d].includes(byte)

/** Undefined where it is another charset: where more is broken than there are letters of several bytes. */
function utf8Of(bytes: Uint8Array): string | undefined {
  const whole = decode(bytes, 'utf-8', true)
  if (whole !== undefined) return whole
  const text = decode(bytes, 'utf-8', false) ?? ''
  const broken = text.split('\ufffd').length - 1
  const letters = text.replace(/[\p{ASCII}\ufffd]+/gu, '').length
  return letters > broken ? text : undefined
}

/** A document whose bytes are neither UTF-8 nor UTF-16 is in neither, whatever it says. */
const eightBit = (bytes: Uint8Array, name: string): string | undefined =>
  /^(?:utf|unicode|ucs|iso-10646)/i.test(name)
    ? undefined
    : decode(bytes, name.replace(/^cp-?(?=125\d)/i, 'windows-'), true)

function decode(bytes: Uint8Array, charset: string, fatal: boolean): string | undefined {
  try {
    return new TextDecoder(charset, { fatal }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The content of an SMS that came as bytes. `dcs` is the data coding of SMPP, which the bytes may deny. */
export function contentText(bytes: Uint8Array, dcs: string): string {
  const utf8 = decode(bytes, 'utf-8', true)
  const plain = utf8 === undefined || CONTROLS.test(utf8) ? undefined : utf8
  if (isUcs2(Number(dcs))) return (surely(plain, bytes) ? plain : undefined) ?? decode(bytes, 'utf-16be', false) ?? ''
  return plain ?? unclaimed16(bytes) ?? utf8 ?? textOf(bytes, [])
}

/** Letters of several bytes that are whole, a long text of ASCII, or half a letter of UTF-16: that is no chance. */
const surely = (text: string | undefined, bytes: Uint8Array) =>
  text !== undefined && (text.length < bytes.length || text.length > LONG || bytes.length % 2 === 1)

/** UTF-16 that nobody said was any: it has a mark, or control characters between the letters, and none once it is read. */
const unclaimed16 = (bytes: Uint8Array): string | undefined =>
  bytes.length % 2 === 0 && (bytes.some(byte => byte < 9) || bytes.includes(0xfe))
    ? [bytes[0] === 0xff ? 'utf-16le' : 'utf-16be', 'utf-16le']
        .map(charset => decode(bytes, charset, true))
        .find(text => text !== undefined && !CONTROLS.test(text))
    : undefined

const LONG = 7
// biome-ignore lint/suspicious/noControlCharactersInRegex: bytes that are no text are told by them
const CONTROLS = /[\u0000-\u0008\u000b\u000e-\u001a\u001c-\u001f]/

/** GSM 03.38, section 4: general data coding, and message waiting. */
const isUcs2 = (dcs: number) =>
  (dcs & 0xc0) === 0 || (dcs & 0xc0) === 0x40 ? (dcs & 0x0c) === 8 : (dcs & 0xf0) === 0xe0
