import { html } from 'htm/preact'
import { useWords } from 'page-kit/web/words.ts'
import type { Registration } from '../shapes.ts'
import { StateBadge } from './badge.ts'

/** The state of a registration, with what holds it up. */
export function RegistrationBadges({ state }: { state: Pick<Registration, 'pauses' | 'settings' | 'archivedAt'> }) {
  const t = useWords()
  const { pauses, settings, archivedAt } = state
  if (archivedAt !== null) return html`<${StateBadge} state="archived" />`
  return html`
    ${pauses.map(({ by, reason }) => html`<p key=${by}><${StateBadge} state="paused" /> <span class="text">${by === 'gateway' ? t('by the gateway') : t('by an operator')}: ${reason ?? ''}</span></p>`)}
    ${!settings.complete && html`<p><${StateBadge} state="incomplete" /> <span class="text">${settings.missing}</span></p>`}
    ${pauses.length === 0 && settings.complete && html`<${StateBadge} state="ready" />`}
  `
}
