import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HOST_TRANSLATIONS, loadCatalogues } from '../channels/catalogues.ts'
import type { Catalogue, CatalogueFile } from '../protocol/language.ts'
import { type CliAnswer, count } from './answer.ts'
import { type CataloguePlace, type ChosenChannels, cataloguePlaces, type Texts } from './catalogue-texts.ts'

export async function langAdd(language: string, chosen: ChosenChannels): Promise<CliAnswer> {
  const files = (await cataloguePlaces(chosen)).map(({ folder, texts }) => ({
    path: pathOf(folder, language),
    file: fileOf(texts, {}, language)
  }))
  for (const { path } of files)
    if ((await textOf(path)) !== undefined)
      throw new Error(`${shown(path)} is there already. \`lang update\` brings it up to date.`)

  for (const { path, file } of files) {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, jsonOf(file), { flag: 'wx' })
  }
  const paths = files.map(({ path }) => shown(path))
  return { data: { language, files: paths }, text: paths.map(path => `Made ${path}`).join('\n') }
}

interface UpdatedCatalogue {
  file: string
  language: string
  changed: boolean
  added: CatalogueItem[]
  dropped: CatalogueItem[]
  missing: CatalogueItem[]
}

export async function langUpdate({
  check = false,
  ...chosen
}: ChosenChannels & { check?: boolean }): Promise<CliAnswer> {
  const hostLanguages = Object.keys(await loadCatalogues(HOST_TRANSLATIONS))
  const files: UpdatedCatalogue[] = []
  for (const place of await cataloguePlaces(chosen)) files.push(...(await updatePlace(place, hostLanguages, check)))

  const changed = files.filter(file => file.changed).length
  const missing = files.reduce((sum, file) => sum + file.missing.length, 0)
  return {
    data: { check, files },
    text: [
      ...files.flatMap(linesOf),
      `${count(files.length, 'catalogue')}: ${changed} ${check ? 'would change' : 'changed'}, ${count(missing, 'translation')} missing.`
    ].join('\n'),
    failure:
      check && changed + missing > 0
        ? 'The catalogues are not complete: run `lang update` and translate what it lists.'
        : undefined
  }
}

/** A channel is expected to speak the languages of the host. */
async function updatePlace({ folder, texts }: CataloguePlace, hostLanguages: readonly string[], check: boolean) {
  const catalogues = await loadCatalogues(folder)
  const updated: UpdatedCatalogue[] = []
  for (const language of [...new Set([...Object.keys(catalogues), ...hostLanguages])].toSorted()) {
    const path = pathOf(folder, language)
    const present = catalogues[language] ?? {}
    const file = fileOf(texts, present, language)
    const changed = (await textOf(path)) !== jsonOf(file)
    if (changed && !check) await writeFile(path, jsonOf(file))
    updated.push({ file: shown(path), language, changed, ...compare(file, present) })
  }
  return updated
}

function linesOf({ file, added, dropped, missing }: UpdatedCatalogue): string[] {
  if (added.length + dropped.length + missing.length === 0) return []
  return [
    `${file}: ${added.length} new, ${dropped.length} vanished, ${missing.length} to translate`,
    ...dropped.map(item => `  vanished      ${nameOf(item)}`),
    ...missing.map(item => `  to translate  ${nameOf(item)}`)
  ]
}

const nameOf = ({ category, source }: CatalogueItem) => `${category}: ${source}`

/** The language of the source texts, which is complete by itself. */
const SOURCE_LANGUAGE = 'en_US'

interface CatalogueItem {
  category: string
  source: string
}

/** The catalogue of exactly these texts, in order, with their translations so far; that of a new text is empty. */
const fileOf = (texts: Texts, present: Catalogue, language: string): CatalogueFile =>
  Object.fromEntries(
    [...texts.keys()].toSorted().map(category => [
      category,
      [...(texts.get(category) ?? [])].toSorted().map(source => ({
        source,
        translated: translation(present, category, source) || (language === SOURCE_LANGUAGE ? source : '')
      }))
    ])
  )

const jsonOf = (file: CatalogueFile) => `${JSON.stringify(file, null, 2)}\n`

/** The texts of a catalogue that are new, have vanished, or are still to be translated. */
function compare(file: CatalogueFile, present: Catalogue) {
  const wanted = items(file)
  return {
    added: wanted.filter(({ category, source }) => translation(present, category, source) === undefined).map(item),
    dropped: Object.entries(present)
      .flatMap(([category, entries]) => Object.keys(entries).map(source => ({ category, source })))
      .filter(old => !wanted.some(({ category, source }) => category === old.category && source === old.source)),
    missing: wanted.filter(({ translated }) => !translated.trim()).map(item)
  }
}

const items = (file: CatalogueFile) =>
  Object.entries(file).flatMap(([category, entries]) => entries.map(entry => ({ category, ...entry })))

const item = ({ category, source }: CatalogueItem): CatalogueItem => ({ category, source })

/** A text may be called like something that every object has. */
function translation(present: Catalogue, category: string, source: string): string | undefined {
  const entries = Object.hasOwn(present, category) ? present[category] : undefined
  return entries && Object.hasOwn(entries, source) ? entries[source] : undefined
}

const pathOf = (folder: URL, language: string) => fileURLToPath(new URL(`${language}.json`, folder))

/** The text of a file; undefined where there is none. */
const textOf = (path: string) => readFile(path, 'utf8').catch(() => undefined)

const shown = (path: string) => relative(process.cwd(), path)
