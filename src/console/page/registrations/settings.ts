import { html } from 'htm/preact'
import type { Problem, Result } from 'page-kit/web/answer.ts'
import type { Form, Values } from 'page-kit/web/form/form.ts'
import { type FormSource, FormSourceContext } from 'page-kit/web/form/form-source.ts'
import { SettingsView } from 'page-kit/web/form/settings-view.ts'
import { useLanguage } from 'page-kit/web/use-language.ts'
import { useWords } from 'page-kit/web/words.ts'
import { useState } from 'preact/hooks'
import { ask, withQuery } from '../api.ts'
import { ActButton } from '../parts/act-button.ts'
import type { TabProps } from './tab-props.ts'

interface Stored {
  form: Form
  values: Values
  secrets: Record<string, true>
}

/** The settings form that the CRM's administrators see, with what the channel says of it. */
export function SettingsTab({ path, onChanged }: TabProps) {
  const t = useWords()
  const [language] = useLanguage()
  const [tested, setTested] = useState<{ ok: boolean; problems: string[] }>()
  const source = settingsSource(path, language, onChanged)
  return html`
    <section class="row settings-test">
      <${ActButton}
        title=${t('Test what is stored')}
        act=${() => ask<{ ok: boolean; problems: string[] }>(`${path}/settings/test`, { method: 'POST' })}
        onDone=${setTested}
      />
      <div role="status">
        ${tested?.ok && html`<p class="good">${t('The gateway takes them.')}</p>`}
        ${tested && !tested.ok && html`<ul class="plain-list">${tested.problems.map(text => html`<li class="bad text" key=${text}>${text}</li>`)}</ul>`}
      </div>
    </section>
    <${FormSourceContext.Provider} value=${source}>
      <${SettingsView} />
    </${FormSourceContext.Provider}>
  `
}

function settingsSource(path: string, language: string, onSaved: () => void): FormSource {
  const at = withQuery(`${path}/settings`, { language })
  const none = async () =>
    ({ ok: false, problem: { status: 404, message: 'It is shown in the CRM only', body: null } }) as const
  return {
    key: at,
    selfUri: location.href,
    load: async signal => sheetOf(await ask<Stored>(at, { signal })),
    save: async values => {
      const result = await ask<Stored>(at, { method: 'PUT', body: { values } })
      if (result.ok) onSaved()
      const sheet = sheetOf(result)
      return sheet.ok ? { ok: true, body: sheet.body.saved } : { ok: false, problem: byField(sheet.problem) }
    },
    search: (field, asked, signal) => ask(withQuery(`${path}/settings/choices`, { field, ...asked }), { signal }),
    preview: none,
    upload: () => ({ done: none(), cancel: () => {} })
  }
}

/** A stored secret stands as `true`, as the CRM gets it. */
function sheetOf(result: Result<Stored>): Result<{ form: Form; saved: Values }> {
  if (!result.ok) return result
  const { form, values, secrets } = result.body
  const saved: Values = structuredClone(values)
  for (const name of Object.keys(secrets)) {
    const [group = '', field = ''] = name.split(/[./]/)
    saved[group] = { ...saved[group], [field]: true }
  }
  return { ok: true, body: { form, saved } }
}

/** Errors by path, as the API has them, by group and field, as the form has them. */
function byField(problem: Problem): Problem {
  const { body } = problem
  const errors = body && typeof body === 'object' && 'errors' in body ? (body.errors as Record<string, string>) : {}
  const placed: Record<string, Record<string, string[]>> = {}
  for (const [name, text] of Object.entries(errors)) {
    const [group = '', field = ''] = name.split(/[./]/)
    placed[group] = { ...placed[group], [field]: [...(placed[group]?.[field] ?? []), text] }
  }
  return { ...problem, body: placed }
}
