import { filled, type Words } from 'page-kit/web/words.ts'
import { useEffect, useMemo, useState } from 'preact/hooks'

type Texts = Readonly<Record<string, string>>

/** The words of a language. Until its catalogue is there, those of the language before; the source has no catalogue to wait for. */
export function useTexts(language: string): Words {
  const [texts, setTexts] = useState<Texts>({})
  useEffect(() => {
    let wanted = true
    fetch(`texts/${language}`)
      .then(response => (response.ok ? (response.json() as Promise<Texts>) : {}))
      .then(
        loaded => wanted && setTexts(loaded),
        // Words of the source are better than none.
        () => wanted && setTexts({})
      )
    return () => {
      wanted = false
    }
  }, [language])
  return useMemo<Words>(
    () => (text, values) => filled((Object.hasOwn(texts, text) && texts[text]) || text, values),
    [texts]
  )
}
