import { html } from 'htm/preact'
import { HelpContext } from 'page-kit/web/trouble.ts'
import { useLanguage } from 'page-kit/web/use-language.ts'
import { WordsContext } from 'page-kit/web/words.ts'
import { useEffect } from 'preact/hooks'
import { Frame } from './frame.ts'
import { adviceIn } from './help.ts'
import { Login } from './login.ts'
import { PAGES } from './pages.ts'
import { useRoute } from './route.ts'
import { SessionContext, useSession } from './session.ts'
import { useTexts } from './texts.ts'

export function App() {
  const [language, setLanguage] = useLanguage()
  const t = useTexts(language)
  const { session, ended, login, logout } = useSession()
  const route = useRoute()
  const [name = ''] = route.path
  const page = PAGES.find(known => known.name === name)

  useEffect(() => {
    document.documentElement.lang = language.slice(0, 2)
    document.title = page ? `${t(page.title)} · ${t('Console')}` : t('Console')
  }, [language, t, page?.title])

  if (session === undefined) return html`<p class="starting" role="status">…</p>`
  return html`
    <${WordsContext.Provider} value=${t}>
      <${HelpContext.Provider} value=${{ advice: adviceIn(t) }}>
        ${
          session === null
            ? html`<${Login} ended=${ended} onLogin=${login} />`
            : html`
                <${SessionContext.Provider} value=${session}>
                  <${Frame} route=${route} session=${session} language=${language} onLanguage=${setLanguage} onLogout=${logout} />
                </${SessionContext.Provider}>
              `
        }
      </${HelpContext.Provider}>
    </${WordsContext.Provider}>
  `
}
