/**
 * Reads what people type, paste and dictate: editors and phones put letters in
 * that nobody sees, and signs that look like the plain ones.
 */

/** Joiners belong to a letter of these scripts, and to an emoji. */
const JOINED =
  /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Mongolian}]/u
const EMOJI = /^(?:\p{Emoji}|\u20e3)/u
const PICTURE = /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f)/u

/**
 * The text without the letters that nobody sees (Unicode's `Default_Ignorable_Code_Point`, the interlinear marks, and the
 * empty Braille cell). What holds an emoji or a word of a joined script together stays. Line and paragraph separators
 * are line ends.
 */
export const visible = (text: string): string =>
  text
    .replace(/[\u2028\u2029]/g, '\n')
    .replace(/[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb\u2800]/gu, (letter, at: number) =>
      holds(letter, before(text, at), text.slice(at + letter.length, at + letter.length + 2)) ? letter : ''
    )

function holds(letter: string, previous: string, next: string): boolean {
  if (letter === '\u200d')
    return (PICTURE.test(previous) && /^\p{Extended_Pictographic}/u.test(next)) || JOINED.test(previous)
  if (letter === '\u200c') return JOINED.test(previous) && JOINED.test(next)
  if (letter === '\ufe0f') return EMOJI.test(previous)
  // The letters of a flag's name.
  return /^[\u{e0020}-\u{e007f}]$/u.test(letter) && /[\u{1f3f4}\u{e0020}-\u{e007f}]/u.test(previous)
}

const before = (text: string, at: number): string => {
  const pair = text.slice(Math.max(0, at - 2), at)
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(pair) ? pair : pair.slice(-1)
}

/** True if there is nothing to see: no letter, no digit, no sign. A long text mostly shows something where it begins. */
export const isBlank = (text: string): boolean =>
  text.length > BEGINNING ? isBlank(text.slice(0, BEGINNING)) && showsNothing(text) : showsNothing(text)

const BEGINNING = 1_024

const showsNothing = (text: string) => !/[\p{L}\p{N}\p{P}\p{S}]/u.test(visible(text))

/** Signs as a typewriter has them. Source: CLDR's transform `Latin-ASCII`, https://cldr.unicode.org, punctuation and symbols. */
export const PLAIN_SIGNS: ReadonlyMap<string, string> = new Map(
  [
    ["'", '‘’‚‛′‵‹›ʹʻʼʽˈ´`＇´ˊˋ'],
    ['"', '“”„‟″‶«»〝〞〟ʺ＂'],
    ['-', '‐‑‒–—―−⁃﹘﹣－•·‣◦➖'],
    ['/', '⁄∕／'],
    ['~', '∼～˜'],
    [' ', '\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000'],
    ['...', '…'],
    ['..', '‥'],
    ['!!', '‼'],
    ['*', '∗'],
    [':', '∶'],
    ['|', '∣'],
    ['\\', '∖']
  ].flatMap(([plain = '', signs = '']) => [...signs].map(sign => [sign, plain] as const))
)

/**
 * The text as it was meant, for numbers, words and addresses that a program reads: without invisible letters, full-width letters
 * and digits as plain ones, dashes, quotes and spaces as on a typewriter, trimmed.
 */
export const typed = (text: string): string =>
  [...visible(text)]
    .map(letter => PLAIN_SIGNS.get(letter) ?? letter)
    .join('')
    .normalize('NFKC')
    .trim()
