import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Command, InvalidArgumentError } from 'commander'
import { HOST_TRANSLATIONS, loadCatalogues } from '../channels/catalogues.ts'
import { type Answer, answering, count } from './answer.ts'
import { compare, fileOf, type Item, written } from './catalogue-file.ts'
import { type Place, places } from './places.ts'

interface Options {
  channel?: string[]
}

export function languageCommands(program: Command): void {
  const lang = program.command('lang').description('translations of what a CRM user reads')
  lang
    .command('add')
    .description('make the catalogues of another language, with everything to be translated')
    .argument('<language>', 'such as de_DE', language)
    .option('--channel <names...>', 'only of these channels, not of the host')
    .action(answering(add))
  lang
    .command('update')
    .description('bring the catalogues in line with the texts of the code, and list what is to be translated')
    .option('--channel <names...>', 'only of these channels, not of the host')
    .option('--check', 'write nothing; fail if a file would change or a translation is missing')
    .action(answering(update))
}

function language(code: string): string {
  if (!/^[a-z]{2}_[A-Z]{2}$/.test(code)) throw new InvalidArgumentError('It is written xx_YY, such as de_DE.')
  return code
}

async function add(language: string, { channel }: Options): Promise<Answer> {
  const files = (await places(channel)).map(({ folder, texts }) => ({
    path: pathOf(folder, language),
    file: fileOf(texts, {}, language)
  }))
  for (const { path } of files)
    if ((await textOf(path)) !== undefined)
      throw new Error(`${shown(path)} is there already. \`lang update\` brings it up to date.`)

  for (const { path, file } of files) {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, written(file), { flag: 'wx' })
  }
  const paths = files.map(({ path }) => shown(path))
  return { data: { language, files: paths }, text: paths.map(path => `Made ${path}`).join('\n') }
}

interface Updated {
  file: string
  language: string
  changed: boolean
  added: Item[]
  dropped: Item[]
  missing: Item[]
}

async function update({ channel, check = false }: Options & { check?: boolean }): Promise<Answer> {
  const hostLanguages = Object.keys(await loadCatalogues(HOST_TRANSLATIONS))
  const files: Updated[] = []
  for (const place of await places(channel)) files.push(...(await updatePlace(place, hostLanguages, check)))

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
        ? 'The catalogues are not complete. `lang update` brings them in line with the code.'
        : undefined
  }
}

/** A channel is expected to speak the languages of the host. */
async function updatePlace({ folder, texts }: Place, hostLanguages: readonly string[], check: boolean) {
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

const name = ({ category, source }: Item) => `${category}: ${source}`
const pathOf = (folder: URL, language: string) => fileURLToPath(new URL(`${language}.json`, folder))
const textOf = (path: string) => readFile(path, 'utf8').catch(() => undefined)
const shown = (path: string) => relative(process.cwd(), path)
