import type { ListedTemplate } from './listed-template.ts'
import { offloaded } from './offload.ts'
import { placesOf, type Templates, templateProblem } from './templates.ts'

/** The templates of a settings form: one a line, `code: text`, where `\n` is a line break and `\\` a backslash. */

/** `detail` is of a template that is no Liquid, in English; `reason` says it all in English. */
export interface LineError {
  /** From 1. */
  line: number
  kind: 'no-code' | 'twice' | 'empty' | 'broken'
  detail?: string
  reason: string
}

export interface TemplateList {
  /** The templates without an error. */
  templates: Templates
  /** The first hundred. */
  errors: readonly LineError[]
}

const MOST_ERRORS = 100

/** Places of all templates of a list: these take the reading's time, not the text. */
const MOST_PLACES = 2_000

const LINE = /^([\p{L}\p{N}_.-]+)\s*:(.*)$/u

/** Reading a long list takes a tenth of a second, and every message that names a template has it read. */
const known = new Map<string, TemplateList>()
const MOST_KNOWN = 50

const readAside = offloaded(import.meta.url, readLines)

/** Lines that are blank are passed over. */
export async function readTemplates(list: string): Promise<TemplateList> {
  const read = known.get(list) ?? (await readAside(list))
  // The one that was asked for last goes last.
  known.delete(list)
  known.set(list, read)
  for (const oldest of known.keys()) if (known.size > MOST_KNOWN) known.delete(oldest)
  return read
}

export function readLines(list: string): TemplateList {
  const templates = new Map<string, string>()
  const errors: LineError[] = []
  let places = 0
  for (const [index, line] of list.split(/\r\n|\r|\n/).entries()) {
    const [, code, text = ''] = LINE.exec(line.trim()) ?? []
    places += placesOf(text)
    const problem = line.trim() ? problemOf(code, text.trim(), { known: templates, places }) : undefined
    if (problem && errors.length < MOST_ERRORS) errors.push({ line: index + 1, ...problem })
    if (problem) continue
    if (code !== undefined) templates.set(code, unescaped(text.trim()))
  }
  return { templates, errors }
}

function problemOf(
  code: string | undefined,
  text: string,
  { known, places }: { known: Templates; places: number }
): Omit<LineError, 'line'> | undefined {
  if (code === undefined) return { kind: 'no-code', reason: 'A line is written "code: text"' }
  if (known.has(code)) return { kind: 'twice', reason: `The code "${code}" is there twice` }
  if (!text) return { kind: 'empty', reason: `The template "${code}" has no text` }
  const detail =
    places > MOST_PLACES ? `the list has more than ${MOST_PLACES} places` : templateProblem(unescaped(text))
  return detail ? { kind: 'broken', detail, reason: `The template "${code}" is broken: ${detail}` } : undefined
}

/** The templates of a settings form as an operator sees them. */
export const listedTemplates = ({ templates }: Pick<TemplateList, 'templates'>): ListedTemplate[] =>
  [...templates].map(([name, body]) => ({
    ...{ name, body, language: null, status: null, isUsable: true, reason: null },
    ...{ category: null, header: null, footer: null, buttons: [] },
    parameters: [...new Set([...body.matchAll(PLACE)].map(([, parameter = '']) => parameter))]
  }))

/** A place begins with the name of its parameter. */
const PLACE = /\{\{-? {0,9}([\p{L}_][\p{L}\p{N}_-]{0,99})/gu

const unescaped = (text: string) => text.replace(/\\([n\\])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : '\\'))
