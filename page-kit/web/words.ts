import { createContext } from 'preact'
import { useContext } from 'preact/hooks'

/** The texts of a page in the language of whoever reads it. */

type Values = Readonly<Record<string, string | number>>

/** `{name}` in a text is filled from the values. */
export type Words = (text: string, values?: Values) => string

export const filled = (text: string, values: Values = {}): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => String(Object.hasOwn(values, name) ? values[name] : whole))

/** A page without catalogues shows the texts as the source has them. */
export const WordsContext = createContext<Words>(filled)

export const useWords = (): Words => useContext(WordsContext)

/** Marks a text for the catalogues that is put into words elsewhere. */
export const label = (text: string): string => text
