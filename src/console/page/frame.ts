import { html } from 'htm/preact'
import { LANGUAGES, type Language } from 'page-kit/web/use-language.ts'
import { useWords } from 'page-kit/web/words.ts'
import { useEffect, useRef, useState } from 'preact/hooks'
import { PAGES, type Page } from './pages.ts'
import { placeOf, type Route } from './route.ts'
import type { Session } from './shapes.ts'

interface FrameProps {
  route: Route
  session: Session
  language: Language
  onLanguage: (language: Language) => void
  onLogout: () => void
}

/** The navigation beside the page in front. */
export function Frame({ route, session, language, onLanguage, onLogout }: FrameProps) {
  const t = useWords()
  const [open, setOpen] = useState(false)
  const [name = 'overview'] = route.path
  const seen = PAGES.filter(({ scope }) => session.scopes.includes(scope))
  const page = seen.find(known => known.name === name)
  const place = route.path.join('/')
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)

  // The focus tells those who listen instead of looking that another page is there.
  useEffect(() => {
    if (!first.current) main.current?.focus()
    first.current = false
    setOpen(false)
  }, [place])

  return html`
    <a class="skip" href="#main" onClick=${toMain}>${t('Skip to content')}</a>
    <header class="top">
      <button type="button" class="button small plain menu" aria-expanded=${open} aria-controls="pages" onClick=${() => setOpen(!open)}>
        ${t('Menu')}
      </button>
      <p class="brand">${t('Console')}</p>
      <div class="row push">
        <label>
          <span class="hidden">${t('Language')}</span>
          <select
            class="control small"
            value=${language}
            onChange=${(event: Event) => onLanguage((event.currentTarget as HTMLSelectElement).value as Language)}
          >
            ${Object.entries(LANGUAGES).map(([tag, title]) => html`<option value=${tag}>${title}</option>`)}
          </select>
        </label>
        <button type="button" class="button small" onClick=${onLogout}>${t('Log out')}</button>
      </div>
    </header>
    <div class="columns">
      <nav id="pages" class=${open ? 'pages open' : 'pages'} aria-label=${t('Pages')}>
        <ul>
          ${seen.map(
            known => html`
              <li key=${known.name}>
                <a href=${placeOf([known.name])} aria-current=${known.name === name ? 'page' : undefined}>${t(known.title)}</a>
              </li>
            `
          )}
        </ul>
        <p class="muted who">${t('Logged in as {name}', { name: session.name })}</p>
      </nav>
      <main id="main" tabindex="-1" ref=${main}>
        ${page ? html`<${Front} key=${name} page=${page} route=${route} />` : html`<${Nowhere} />`}
      </main>
    </div>
  `
}

function Front({ page, route }: { page: Page; route: Route }) {
  const { View } = page
  return html`<${View} rest=${route.path.slice(1)} query=${route.query} />`
}

function Nowhere() {
  const t = useWords()
  return html`
    <div class="empty">
      <h1>${t('There is no such page')}</h1>
      <p>${t('Or this session may not see it.')}</p>
      <p><a class="button" href=${placeOf(['overview'])}>${t('To the overview')}</a></p>
    </div>
  `
}

/** The hash holds the route, so the link must not change it. */
function toMain(event: Event): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}
