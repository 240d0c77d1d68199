import { useState } from 'preact/hooks'

export const LANGUAGES = { en_US: 'English', ru_RU: 'Русский', pt_BR: 'Português', sk_SK: 'Slovenčina' } as const
export type Language = keyof typeof LANGUAGES

const KEPT = 'language'

const isLanguage = (value: string | null): value is Language => value !== null && value in LANGUAGES

/** The language asked of plugins (`Accept-Language`), remembered by the browser. */
export function useLanguage(): [Language, (language: Language) => void] {
  const [language, setLanguage] = useState<Language>(() => {
    const kept = localStorage.getItem(KEPT)
    return isLanguage(kept) ? kept : 'en_US'
  })
  return [
    language,
    chosen => {
      localStorage.setItem(KEPT, chosen)
      setLanguage(chosen)
    }
  ]
}
