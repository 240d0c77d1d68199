import { html } from 'htm/preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon } from '../icons.ts'
import { Markdown } from '../markdown.ts'
import { Trouble } from '../trouble.ts'
import { useWords, type Words } from '../words.ts'
import { FieldGroup } from './field-group.ts'
import { type Errors, groupsOf } from './form.ts'
import { useSettingsForm } from './use-settings-form.ts'

/** The settings form that the plugin describes, filled, checked by the host and saved. */
export function SettingsView() {
  const t = useWords()
  const { form, saved, values, errors, set, save, phase, refusal, dirty, problem, reload } = useSettingsForm()
  const element = useRef<HTMLFormElement>(null)
  const [attempt, setAttempt] = useState(0)
  const count = countOf(errors)

  useEffect(() => {
    if (attempt > 0) focusFirstBad(element.current)
  }, [attempt])

  const submit = async (event: Event) => {
    event.preventDefault()
    const refused = await save()
    if (countOf(refused) > 0) setAttempt(attempt + 1)
  }

  if (problem)
    return html`<${Trouble} what=${t('The settings form could not be read.')} problem=${problem} onRetry=${reload} />`
  if (!form) return html`<p class="starting" role="status">${t('Loading the settings form…')}</p>`

  return html`
    <form ref=${element} class="settings" novalidate onSubmit=${submit} aria-labelledby="settings-title">
      <div class="settings-head">
        <h2 id="settings-title">${form.title}</h2>
        ${form.description && html`<${Markdown} text=${form.description} />`}
      </div>
      ${groupsOf(form).map(
        ([name, group]) => html`
          <${FieldGroup}
            key=${name}
            name=${name}
            group=${group}
            values=${values[name] ?? {}}
            saved=${saved[name] ?? {}}
            errors=${errors[name] ?? {}}
            onChange=${(field: string, value: unknown) => set(name, field, value)}
          />
        `
      )}
      ${refusal && html`<${Trouble} what=${t('The settings were not saved.')} problem=${refusal} />`}
      <div class="settings-foot">
        <button class="button primary" disabled=${phase === 'saving'}>${phase === 'saving' ? t('Saving…') : form.button}</button>
        <p class="settings-state" role="status">${state(t, phase, dirty, count)}</p>
      </div>
    </form>
  `
}

function state(t: Words, phase: string, dirty: boolean, count: number) {
  if (count > 0) {
    const fields =
      count === 1 ? t('One field needs your attention.') : t('{count} fields need your attention.', { count })
    return html`<span class="bad"><${Icon} name="alert" /> ${t('Not saved.')} ${fields}</span>`
  }
  if (phase === 'saved') return html`<span class="good"><${Icon} name="check" /> ${t('Saved')}</span>`
  return dirty ? t('Changes are not saved yet') : ''
}

const countOf = (errors: Errors) =>
  Object.values(errors).reduce((sum, fields) => sum + Object.keys(fields ?? {}).length, 0)

/** Errors come in the order of the host's answer; people read in the order of the page. */
function focusFirstBad(form: HTMLFormElement | null): void {
  const field = form?.querySelector<HTMLElement>('.field.invalid')
  field?.scrollIntoView({ block: 'center' })
  field?.querySelector<HTMLElement>('input, select, textarea, button, iframe')?.focus({ preventScroll: true })
}
