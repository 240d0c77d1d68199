import type { Translate } from 'channel-kit/tools'
import { pickLanguage, translate } from '../protocol/language.ts'
import type { Mounted } from './load.ts'

/** The languages of a channel, and by a request's header the one to answer in. */
export interface Language {
  (header: string | undefined): { current: string; word: Translate }
  default: string
  available: readonly string[]
}

export function languageOf({ catalogues }: Pick<Mounted, 'catalogues'>, fallback: string): Language {
  const available = [...new Set([...Object.keys(catalogues), fallback])].sort()
  const pick = (header: string | undefined) => {
    const current = pickLanguage(header, available, fallback)
    const word: Translate = (category, message, params) =>
      translate(catalogues, [current, fallback], category, message, params)
    return { current, word }
  }
  return Object.assign(pick, { default: fallback, available })
}
