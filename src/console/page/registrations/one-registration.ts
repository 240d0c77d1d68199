import { html } from 'htm/preact'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useLoaded } from 'page-kit/web/use-loaded.ts'
import { label, useWords } from 'page-kit/web/words.ts'
import type { ComponentType } from 'preact'
import { useContext } from 'preact/hooks'
import { ask } from '../api.ts'
import { PageHead } from '../parts/page-head.ts'
import { RegistrationBadges } from '../parts/registration-badges.ts'
import { placeOf } from '../route.ts'
import { SessionContext } from '../session.ts'
import type { Registration } from '../shapes.ts'
import { HoldsTab } from './holds.ts'
import { OptOutsTab } from './opt-outs.ts'
import { SettingsTab } from './settings.ts'
import { StateTab } from './state.ts'
import type { TabProps } from './tab-props.ts'
import { TemplatesTab } from './templates.ts'
import { UsageTab } from './usage.ts'

interface Tab {
  name: string
  title: string
  scope: string
  View: ComponentType<TabProps>
}

const TABS: readonly Tab[] = [
  { name: 'state', title: label('State'), scope: 'read', View: StateTab },
  { name: 'settings', title: label('Settings'), scope: 'operate', View: SettingsTab },
  { name: 'templates', title: label('Templates'), scope: 'read', View: TemplatesTab },
  { name: 'opt-outs', title: label('Opt-outs'), scope: 'suppress', View: OptOutsTab },
  { name: 'holds', title: label('Holds'), scope: 'hold', View: HoldsTab },
  { name: 'usage', title: label('Usage'), scope: 'read', View: UsageTab }
]

interface OneProps {
  id: string
  tab: string | undefined
  query: Readonly<Record<string, string>>
}

/** A registration: how it is, and what an operator can set and see of it. */
export function OneRegistration({ id, tab = 'state', query }: OneProps) {
  const t = useWords()
  const { scopes } = useContext(SessionContext)
  const path = `/registrations/${encodeURIComponent(id)}`
  const { value: registration, problem, reload } = useLoaded(signal => ask<Registration>(path, { signal }), [path])
  const title = t('Registration {id}', { id })
  if (problem)
    return html`<${PageHead} title=${title} /><${Trouble} what=${t('The registration could not be read.')} problem=${problem} onRetry=${reload} />`
  if (!registration) return html`<p class="starting" role="status">${t('Loading…')}</p>`

  const tabs = TABS.filter(({ scope }) => scopes.includes(scope))
  const current = tabs.find(({ name }) => name === tab) ?? tabs[0]
  return html`
    <${PageHead} title=${title} about=${`${registration.channel}, ${registration.company}, ${registration.alias}`}>
      <${RegistrationBadges} state=${registration} />
    </${PageHead}>
    <nav class="tabs" aria-label=${t('Parts of the registration')}>
      ${tabs.map(
        known => html`
          <a key=${known.name} href=${placeOf(['registrations', id, known.name])} aria-current=${known === current ? 'page' : undefined}>${t(known.title)}</a>
        `
      )}
    </nav>
    ${current && html`<${current.View} key=${current.name} registration=${registration} path=${path} query=${query} onChanged=${reload} />`}
  `
}
