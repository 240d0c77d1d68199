import { html } from 'htm/preact'
import { Icon } from 'page-kit/web/icons.ts'
import { LANGUAGES, type Language } from 'page-kit/web/use-language.ts'
import type { PluginSummary } from '../../crm/model.ts'
import { address, type View } from './use-route.ts'

interface HeaderProps {
  plugins: readonly PluginSummary[]
  current: string | undefined
  view: View | undefined
  language: Language
  onLanguage: (language: Language) => void
  exchanges: number
  drawer: boolean
  onDrawer: () => void
}

export function Header(props: HeaderProps) {
  const { plugins, current, view, language, onLanguage, exchanges, drawer, onDrawer } = props
  return html`
    <header class="header">
      <a class="skip" href="#main" onClick=${toMain}>Skip to content</a>
      <p class="brand"><span class="mark" aria-hidden="true">CRM</span> <span>Simulated CRM</span></p>
      <nav class="plugins" aria-label="Plugins">
        ${plugins.map(
          ({ key, name, registration }) => html`
            <a key=${key} href=${address(key, view)} aria-current=${key === current ? 'page' : undefined}>
              <span class=${registration ? 'dot on' : 'dot'} aria-hidden="true" />
              ${name}
              <span class="hidden">${registration ? ', registered' : ', not registered yet'}</span>
            </a>
          `
        )}
      </nav>
      <div class="row header-end">
        <label class="inline">
          <span class="hidden">Language of the plugins</span>
          <select
            class="control small"
            value=${language}
            onChange=${(event: Event) => onLanguage((event.currentTarget as HTMLSelectElement).value as Language)}
          >
            ${Object.entries(LANGUAGES).map(([tag, name]) => html`<option value=${tag}>${name}</option>`)}
          </select>
        </label>
        <button type="button" id="exchanges-button" class="button small" aria-expanded=${drawer} onClick=${onDrawer}>
          <${Icon} name="arrows" /> <span class="wide-only">Exchanges</span>
          <span class="count" aria-label=${`${exchanges} recorded`}>${exchanges}</span>
        </button>
      </div>
    </header>
  `
}

/** The hash holds the route, so the link must not change it. */
function toMain(event: Event): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}
