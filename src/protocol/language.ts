/** Languages and catalogues. Pure. Source: docs/protocol.md, "Languages". */

/** category -> source text -> translated text. */
export type Catalogue = Readonly<Record<string, Readonly<Record<string, string>>>>
/** Catalogues by language, `xx_YY`. */
export type Catalogues = Readonly<Record<string, Catalogue>>

export type Params = Readonly<Record<string, string | number>>

/**
 * The first language of an `Accept-Language` header that is available. Like the
 * CRM it reads `xx-YY` and `xx_YY` only; order counts, q-values do not.
 */
export function pickLanguage(header: string | undefined, available: readonly string[], fallback: string): string {
  const asked = (header ?? '').replaceAll('-', '_').match(/[a-z]{2}_[A-Z]{2}/g) ?? []
  return asked.find(language => available.includes(language)) ?? fallback
}

/** The text in the first of the languages that has it, an empty translation counting as none; else the source itself. */
export function translate(
  catalogues: Catalogues,
  languages: readonly string[],
  category: string,
  message: string,
  params: Params = {}
): string {
  const found =
    languages.map(language => own(own(own(catalogues, language), category), message)).find(Boolean) ?? message
  return found.replace(/\{(\w+)\}/g, (whole, name: string) => String(own(params, name) ?? whole))
}

/** A text may be called `constructor`. */
const own = <Value>(map: Readonly<Record<string, Value>> | undefined, key: string): Value | undefined =>
  map && Object.hasOwn(map, key) ? map[key] : undefined

/** An entry of a catalogue file, which is `{category: [entries]}`. */
interface Entry {
  source: string
  translated: string
}

export type CatalogueFile = Readonly<Record<string, readonly Entry[]>>

export const readCatalogue = (file: CatalogueFile): Catalogue =>
  Object.fromEntries(
    Object.entries(file).map(([category, entries]) => [
      category,
      Object.fromEntries(entries.map(({ source, translated }) => [source, translated]))
    ])
  )

/** Several catalogues of one language as one; the later ones win. */
export function mergeCatalogues(...all: readonly Catalogues[]): Catalogues {
  const merged: Record<string, Record<string, Readonly<Record<string, string>>>> = {}
  for (const [language, catalogue] of all.flatMap(catalogues => Object.entries(catalogues))) {
    const into = merged[language] ?? {}
    for (const [category, texts] of Object.entries(catalogue)) into[category] = { ...into[category], ...texts }
    merged[language] = into
  }
  return merged
}
