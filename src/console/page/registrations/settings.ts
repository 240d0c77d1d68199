import { html } from 'htm/preact'
import type { Problem, Result } from 'page-kit/web/answer.ts'
import type { Form, Options, Values } from 'page-kit/web/form/form.ts'
import { type FormSource, FormSourceContext } from 'page-kit/web/form/form-source.ts'
import { SettingsView } from 'page-kit/web/form/settings-view.ts'
import { useLanguage } from 'page-kit/web/use-language.ts'
import { useWords } from 'page-kit/web/words.ts'
import { useState } from 'preact/hooks'
import { ask, withQuery } from '../api.ts'
import { ActButton } from '../parts/act-button.ts'
import { formOfSchema, type SettingsSchema } from './schema-form.ts'
import type { TabProps } from './tab-props.ts'

interface Stored {
  form: SettingsSchema
  values: Values
  /** `group.field` of each that is stored. */
  secrets: Record<string, true>
}

interface Tested {
  ok: boolean
  problems: Record<string, Record<string, string[]>>
  reason: string | null
}

/** The settings form that the CRM's administrators see, with what the channel says of it. */
export function SettingsTab({ path, onChanged }: TabProps) {
  const t = useWords()
  const [language] = useLanguage()
  const [tested, setTested] = useState<Tested>()
  return html`
    <section class="row settings-test">
      <${ActButton}
        title=${t('Test what is stored')}
        act=${() => ask<Tested>(withQuery(`${path}/settings/test`, { language }), { method: 'POST' })}
        onDone=${setTested}
      />
      <div role="status">
        ${tested?.ok && html`<p class="good">${t('The gateway takes them.')}</p>`}
        ${tested && !tested.ok && html`<ul class="plain-list">${problemsOf(tested).map(text => html`<li class="bad text" key=${text}>${text}</li>`)}</ul>`}
      </div>
    </section>
    <${FormSourceContext.Provider} value=${settingsSource(path, language, onChanged)}>
      <${SettingsView} />
    </${FormSourceContext.Provider}>
  `
}

const problemsOf = ({ problems, reason }: Tested): string[] => [
  ...(reason === null ? [] : [reason]),
  ...Object.values(problems).flatMap(fields => Object.values(fields).flat())
]

function settingsSource(path: string, language: string, onSaved: () => void): FormSource {
  const at = withQuery(`${path}/settings`, { language })
  const none = async () =>
    ({ ok: false, problem: { status: 404, message: 'Only the CRM has it', body: null } }) as const
  return {
    key: at,
    selfUri: location.href,
    load: async signal => sheetOf(await ask<Stored>(at, { signal })),
    save: async values => {
      const result = await ask<Stored>(at, { method: 'PUT', body: { values } })
      if (!result.ok) return { ok: false, problem: byField(result.problem) }
      onSaved()
      return { ok: true, body: savedOf(result.body) }
    },
    search: async (field, { query, keys }, signal) => {
      const result = await ask<ChoiceList>(withQuery(`${path}/settings/choices`, { language, field, query }), {
        signal
      })
      return result.ok ? { ok: true, body: optionsOf(result.body, keys) } : result
    },
    preview: none,
    upload: () => ({ done: none(), cancel: () => {} })
  }
}

interface ChoiceList {
  items: { key: string; title: string; group: string | null }[]
}

/** `keys`: of those that are chosen already, whose titles are asked for. */
function optionsOf({ items }: ChoiceList, keys: string | undefined): Options {
  const wanted = keys === undefined ? undefined : new Set((JSON.parse(keys) as unknown[]).map(String))
  const found = items.filter(({ key }) => wanted === undefined || wanted.has(key))
  return Object.fromEntries(found.map(({ key, title, group }) => [key, { title, group: group ?? '' }]))
}

function sheetOf(result: Result<Stored>): Result<{ form: Form; saved: Values }> {
  if (!result.ok) return result
  return { ok: true, body: { form: formOfSchema(result.body.form), saved: savedOf(result.body) } }
}

/** A stored secret stands as `true`, as the CRM gets it. */
function savedOf({ values, secrets }: Stored): Values {
  const saved: Values = structuredClone(values)
  for (const name of Object.keys(secrets)) {
    const [group = '', field = ''] = name.split('.')
    saved[group] = { ...saved[group], [field]: true }
  }
  return saved
}

/** The errors of a refusal by group and field, which the form takes as the body. */
function byField(problem: Problem): Problem {
  const { body } = problem
  return { ...problem, body: body && typeof body === 'object' && 'errors' in body ? body.errors : null }
}
