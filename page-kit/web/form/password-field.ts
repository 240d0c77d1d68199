import { html } from 'htm/preact'
import { useWords } from '../words.ts'
import type { FieldProps } from './field-props.ts'

/**
 * The host only tells whether a password is set. Undefined keeps it, text
 * replaces it, empty text clears it; null is a replacement not typed yet,
 * which keeps it too.
 */
export function PasswordField({ field, value, saved, control, onChange }: FieldProps) {
  const t = useWords()
  const isSet = saved === true
  const button = (label: string, next: unknown, look = '') => html`
    <button type="button" class=${`button small ${look}`} aria-label=${`${label}: ${field.title}`} onClick=${() => onChange(next)}>
      ${label}
    </button>
  `

  if (isSet && value === undefined) {
    return html`
      <div class="row">
        <span class="badge good" id=${control.id} tabindex="-1" aria-describedby=${control['aria-describedby']}>${t('Is set')}</span>
        ${button(t('Replace'), null)} ${button(t('Clear'), '', 'plain')}
      </div>
    `
  }
  if (isSet && value === '') {
    return html`<div class="row"><span class="badge bad">${t('Will be cleared')}</span> ${button(t('Keep'), undefined)}</div>`
  }
  return html`
    <div class="row">
      <input
        ...${control}
        class="control"
        type="password"
        autocomplete="new-password"
        placeholder=${isSet ? t('New password') : t('Not set')}
        value=${typeof value === 'string' ? value : ''}
        onInput=${(event: Event) => onChange((event.currentTarget as HTMLInputElement).value || null)}
      />
      ${isSet && button(t('Keep the old one'), undefined, 'plain')}
    </div>
  `
}
