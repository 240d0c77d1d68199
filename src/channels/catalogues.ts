import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Catalogue, type CatalogueFile, type Catalogues, readCatalogue } from '../protocol/language.ts'

/** The host's own texts. */
export const HOST_TRANSLATIONS = new URL('../../translations/', import.meta.url)

const FILE = /^([a-z]{2}_[A-Z]{2})\.json$/

/** Every catalogue of a folder, by language. Throws, naming the file, when one cannot be read. */
export async function loadCatalogues(folder: URL): Promise<Catalogues> {
  const languages = (await readdir(folder)).flatMap(name => FILE.exec(name)?.[1] ?? []).sort()
  return Object.fromEntries(
    await Promise.all(
      languages.map(async language => [language, await load(new URL(`${language}.json`, asFolder(folder)))])
    )
  )
}

async function load(file: URL): Promise<Catalogue> {
  try {
    return readCatalogue(JSON.parse(await readFile(file, 'utf8')) as CatalogueFile)
  } catch (error) {
    throw new Error(`The catalogue ${fileURLToPath(file)} cannot be read: ${(error as Error).message}`)
  }
}

export const asFolder = (url: URL) => (url.href.endsWith('/') ? url : new URL(`${url.href}/`))
