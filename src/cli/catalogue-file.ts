import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Catalogue, CatalogueFile } from '../protocol/language.ts'
import type { Texts } from './catalogue-texts.ts'

/** A catalogue as a file: what it should hold, and how that is written. */

/** The language of the source texts, which is complete by itself. */
const SOURCE_LANGUAGE = 'en_US'

export interface CatalogueItem {
  category: string
  source: string
}

/** Exactly these texts, in order, with the translations that are known; a new text has an empty one. */
export const fileOf = (texts: Texts, known: Catalogue, language: string): CatalogueFile =>
  Object.fromEntries(
    [...texts.keys()].toSorted().map(category => [
      category,
      [...(texts.get(category) ?? [])].toSorted().map(source => ({
        source,
        translated: translation(known, category, source) || (language === SOURCE_LANGUAGE ? source : '')
      }))
    ])
  )

export const written = (file: CatalogueFile) => `${JSON.stringify(file, null, 2)}\n`

/** What of a catalogue is new, has vanished, or is still to be translated. */
export function compare(file: CatalogueFile, known: Catalogue) {
  const wanted = items(file)
  return {
    added: wanted.filter(({ category, source }) => translation(known, category, source) === undefined).map(item),
    dropped: Object.entries(known)
      .flatMap(([category, entries]) => Object.keys(entries).map(source => ({ category, source })))
      .filter(old => !wanted.some(({ category, source }) => category === old.category && source === old.source)),
    missing: wanted.filter(({ translated }) => !translated.trim()).map(item)
  }
}

const items = (file: CatalogueFile) =>
  Object.entries(file).flatMap(([category, entries]) => entries.map(entry => ({ category, ...entry })))

const item = ({ category, source }: CatalogueItem): CatalogueItem => ({ category, source })

/** A text may be called like something that every object has. */
function translation(known: Catalogue, category: string, source: string): string | undefined {
  const entries = Object.hasOwn(known, category) ? known[category] : undefined
  return entries && Object.hasOwn(entries, source) ? entries[source] : undefined
}

export const pathOf = (folder: URL, language: string) => fileURLToPath(new URL(`${language}.json`, folder))

/** Undefined where there is no such file. */
export const textOf = (path: string) => readFile(path, 'utf8').catch(() => undefined)

export const shown = (path: string) => relative(process.cwd(), path)
