import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { CliAnswer } from './answer.ts'
import { fileOf, pathOf, shown, textOf, written } from './catalogue-file.ts'
import { type ChosenChannels, places } from './catalogue-places.ts'

export async function langAdd(language: string, chosen: ChosenChannels): Promise<CliAnswer> {
  const files = (await places(chosen)).map(({ folder, texts }) => ({
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
