import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import echo from 'channel-echo'
import type { Channel } from 'channel-kit/channel'
import type { Test } from 'tap'
import { testFolder } from '../harness.ts'

/** The echo channel under another name, with whatever a test changes about it. */
export const testChannel = (changes: Partial<Channel>): Channel => ({ ...(echo as Channel), name: 'test', ...changes })

type Texts = Readonly<Record<string, Readonly<Record<string, string>>>>

/** A folder of catalogues, from language -> category -> source -> translation. */
export async function testCatalogues(t: Test, catalogues: Readonly<Record<string, Texts>>): Promise<URL> {
  const folder = await mkdtemp(join(await testFolder(t), 'translations-'))
  for (const [language, texts] of Object.entries(catalogues)) {
    const file = Object.entries(texts).map(([category, entries]) => [
      category,
      Object.entries(entries).map(([source, translated]) => ({ source, translated }))
    ])
    await writeFile(join(folder, `${language}.json`), JSON.stringify(Object.fromEntries(file)))
  }
  return pathToFileURL(`${folder}/`)
}
