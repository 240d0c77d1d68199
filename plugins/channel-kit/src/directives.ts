import type { TemplateUse } from './chat.ts'
import { isBlank, visible } from './typed.ts'

/**
 * Directives of a message about itself: the first lines of a text that begin with
 * `/word`, such as `/template welcome name=Eva`. An agent types them, so they
 * are read leniently, and a word that the channel does not know is text.
 */

export interface Directive<Word extends string = string> {
  /** As the channel spells it. */
  word: Word
  /** The rest of the line, trimmed. */
  value: string
}

export interface Directed<Word extends string = string> {
  /** In the order written; a word may come twice. */
  directives: readonly Directive<Word>[]
  /** The text without them, trimmed; '' if there is nothing else. */
  text: string
}

/**
 * Words are given without the slash, and are found in any case, since phones begin lines with a capital; invisible letters
 * and blank lines do not hide them. For a text of any format; in HTML they are found by `readHtmlDirectives`.
 */
export function readDirectives<Word extends string>(text: string, words: readonly Word[]): Directed<Word> {
  const lines = text.trim().split(/\r\n|[\r\n\u2028\u2029]/)
  const directives: Directive<Word>[] = []
  let after = 0
  for (const [index, line] of lines.entries()) {
    const directive = directiveOf(line, words)
    if (directive) after = directives.push(directive) && index + 1
    else if (!isBlank(line)) break
  }
  return { directives, text: after > 0 ? lines.slice(after).join('\n').trim() : text.trim() }
}

/** In characters. */
const BEGINNING = 1_024

/** A backslash before it, or at the end of the line, is Markdown's. Nothing here is tried twice, however long the line. */
function directiveOf<Word extends string>(line: string, words: readonly Word[]): Directive<Word> | undefined {
  // The beginning of a long line is enough to tell that it is no directive.
  const beginning = line.length > BEGINNING ? visible(line.slice(0, BEGINNING)).trim() : ''
  if (beginning !== '' && !/^[\\/／]/.test(beginning)) return undefined
  const [, said = '', value = ''] = /^\\?[/／]([\p{L}\p{N}_-]+)(?:\s(.*))?$/su.exec(visible(line).trim()) ?? []
  const word = words.find(known => known.toLowerCase() === said.normalize('NFKC').toLowerCase())
  return word === undefined
    ? undefined
    : {
        word,
        value: value
          .trim()
          .replace(/(?<!\\)\\$/, '')
          .trim()
      }
}

export interface Arguments {
  positional: readonly string[]
  /** Values by name; if a name comes twice, the last value. */
  named: Readonly<Record<string, string>>
}

const NAME = '[\\p{L}_][\\p{L}\\p{N}_-]*'
const PLAIN = '[^"“”„]'
/** Phones turn straight quotes into typographic ones. Any quote ends the search for the end, so that none is made twice. */
const QUOTED = '["“”„]((?:\\\\.|[^"“”„\\\\])*)["“”]'
const WORD = new RegExp(`(?:(${NAME})=)?(?:${QUOTED}(?!\\S)|(\\S*))\\s*`, 'uy')
const SEGMENT = new RegExp(`^(?:(${NAME})\\s*=\\s*)?(?:${QUOTED}|(${PLAIN}.*|))$`, 'us')

/** Values for a template's places, as the structure has them. */
export const argumentsOf = ({ parameters = [] }: TemplateUse): Arguments =>
  isList(parameters) ? { positional: parameters, named: {} } : { positional: [], named: parameters }

const isList = (parameters: NonNullable<TemplateUse['parameters']>): parameters is readonly string[] =>
  Array.isArray(parameters)

/** Reads `a b key=value key2="two words"`. In quotes `\"` is a quote and `\\` a backslash; a quote that never ends is text. */
export function readArguments(value: string): Arguments {
  const found: Found[] = []
  const line = value.trim()
  // Shared by all calls, each of which is over before the next one begins.
  WORD.lastIndex = 0
  while (WORD.lastIndex < line.length) {
    const match = WORD.exec(line)
    if (!match) break
    found.push(match)
  }
  return sorted(found)
}

/** Reads `a | two words | key=value`. `\|` is a bar, and what stands in quotes is a value, whatever it looks like. */
export function readPiped(value: string): Arguments {
  const segments = value.trim() ? value.split(/(?<!\\)\|/) : []
  return sorted(
    segments.map(segment => {
      const text = segment.trim().replaceAll('\\|', '|')
      return SEGMENT.exec(text) ?? [text, undefined, undefined, text]
    })
  )
}

/** The whole, a name, a value in quotes, a value without. */
type Found = readonly (string | undefined)[]

function sorted(found: readonly Found[]): Arguments {
  const values = found.map(([, name, quoted, plain = '']) => ({
    name,
    value: quoted === undefined ? plain : quoted.replace(/\\(.)/gs, '$1')
  }))
  return {
    positional: values.filter(({ name }) => name === undefined).map(({ value }) => value),
    named: Object.fromEntries(values.flatMap(({ name, value }) => (name === undefined ? [] : [[name, value]])))
  }
}
