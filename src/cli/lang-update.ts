import { writeFile } from 'node:fs/promises'
import { HOST_TRANSLATIONS, loadCatalogues } from '../channels/catalogues.ts'
import { type CliAnswer, count } from './answer.ts'
import { type CatalogueItem, compare, fileOf, pathOf, shown, textOf, written } from './catalogue-file.ts'
import { type CataloguePlace, type ChosenChannels, places } from './catalogue-places.ts'

interface Updated {
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
  const files: Updated[] = []
  for (const place of await places(chosen)) files.push(...(await updatePlace(place, hostLanguages, check)))

  const changed = files.filter(file => file.changed).length
  const missing = files.reduce((sum, file) => sum + file.missing.length, 0)
  return {
    data: { check, files },
    text: [
      ...files.flatMap(told),
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
  const updated: Updated[] = []
  for (const language of [...new Set([...Object.keys(catalogues), ...hostLanguages])].toSorted()) {
    const path = pathOf(folder, language)
    const known = catalogues[language] ?? {}
    const file = fileOf(texts, known, language)
    const changed = (await textOf(path)) !== written(file)
    if (changed && !check) await writeFile(path, written(file))
    updated.push({ file: shown(path), language, changed, ...compare(file, known) })
  }
  return updated
}

function told({ file, added, dropped, missing }: Updated): string[] {
  if (added.length + dropped.length + missing.length === 0) return []
  return [
    `${file}: ${added.length} new, ${dropped.length} vanished, ${missing.length} to translate`,
    ...dropped.map(item => `  vanished      ${name(item)}`),
    ...missing.map(item => `  to translate  ${name(item)}`)
  ]
}

const name = ({ category, source }: CatalogueItem) => `${category}: ${source}`
