import { html } from 'htm/preact'
import { useWords } from 'page-kit/web/words.ts'
import { useContext, useState } from 'preact/hooks'
import { ask, fieldErrors } from './api.ts'
import { ActButton, Dialog } from './parts/act-button.ts'
import { ListTable } from './parts/list-table.ts'
import { PageHead } from './parts/page-head.ts'
import { useList } from './parts/use-list.ts'
import { When } from './parts/when.ts'
import { placeOf } from './route.ts'
import { SessionContext } from './session.ts'
import type { ApiToken } from './shapes.ts'

/** Tokens of API clients. */
export function TokensPage() {
  const t = useWords()
  const list = useList<ApiToken>('/tokens')
  const [isMaking, setMaking] = useState(false)
  return html`
    <${PageHead} title=${t('Tokens')} about=${t('Each program that uses the API has its own.')}>
      <button type="button" class="button primary" onClick=${() => setMaking(true)}>${t('New token')}</button>
    </${PageHead}>
    ${isMaking && html`<${NewToken} onClose=${() => setMaking(false)} onMade=${list.reload} />`}
    <${ListTable}
      list=${list}
      caption=${t('Tokens')}
      keyOf=${({ id }: ApiToken) => id}
      empty=${html`<h2>${t('There are no tokens yet')}</h2><p>${t('Make one for each program, with no more rights than it needs.')}</p>`}
      columns=${[
        { title: t('Token'), cell: (token: ApiToken) => token.id },
        { title: t('Name'), cell: (token: ApiToken) => html`<span class="text">${token.name}</span>` },
        {
          title: t('Rights'),
          cell: (token: ApiToken) => token.scopes.map(scope => html`<span class="tag" key=${scope}>${scope}</span> `)
        },
        {
          title: t('Registration'),
          cell: ({ registration }: ApiToken) =>
            registration === null
              ? t('all')
              : html`<a href=${placeOf(['registrations', registration])}>${registration}</a>`
        },
        { title: t('Made'), cell: (token: ApiToken) => html`<${When} at=${token.createdAt} />` },
        { title: t('Ends'), cell: (token: ApiToken) => html`<${When} at=${token.expiresAt} />` },
        {
          title: t('Revoke'),
          cell: (token: ApiToken) =>
            token.revokedAt
              ? html`<span class="muted">${t('revoked')}</span> <${When} at=${token.revokedAt} />`
              : html`<${ActButton}
                  title=${t('Revoke')}
                  look="small"
                  question=${html`<p>${t('The program “{name}” gets no answer from the next request on.', { name: token.name })}</p>`}
                  act=${() => ask(`/tokens/${token.id}`, { method: 'DELETE' })}
                  onDone=${list.reload}
                />`
        }
      ]}
    />
  `
}

const LIFETIMES = [30, 90, 365]
const DAY_MS = 24 * 3_600_000

function NewToken({ onClose, onMade }: { onClose: () => void; onMade: () => void }) {
  const t = useWords()
  const { scopes: own } = useContext(SessionContext)
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<readonly string[]>(['read'])
  const [registration, setRegistration] = useState('')
  const [days, setDays] = useState('')
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({})
  const [refusal, setRefusal] = useState('')
  const [made, setMade] = useState<string>()

  const submit = async (event: Event) => {
    event.preventDefault()
    const body = {
      name,
      scopes,
      ...(registration ? { registration: Number(registration) } : {}),
      ...(days ? { expiresAt: new Date(Date.now() + Number(days) * DAY_MS).toISOString() } : {})
    }
    const result = await ask<{ token: string }>('/tokens', { method: 'POST', body })
    setErrors(result.ok ? {} : fieldErrors(result.problem))
    setRefusal(result.ok ? '' : result.problem.message)
    if (!result.ok) return
    setMade(result.body.token)
    onMade()
  }
  const text = (set: (value: string) => void) => (event: Event) => set((event.currentTarget as HTMLInputElement).value)

  if (made !== undefined)
    return html`
      <${Dialog} title=${t('The token')} onClose=${onClose}>
        <p>${t('It is shown this once: copy it to where the program keeps its secrets.')}</p>
        <p><code class="secret" tabindex="0">${made}</code></p>
        <p class="row"><button type="button" class="button primary" onClick=${onClose}>${t('I have it')}</button></p>
      </${Dialog}>
    `
  return html`
    <${Dialog} title=${t('New token')} onClose=${onClose}>
      <form class="stack" onSubmit=${submit}>
        <div class="field">
          <label for="token-name">${t('Name of the program')}</label>
          <input id="token-name" class="control" required maxlength="100" value=${name} onInput=${text(setName)} aria-invalid=${errors.name ? 'true' : undefined} />
          ${errors.name && html`<p class="error">${errors.name}</p>`}
        </div>
        <fieldset class="field">
          <legend>${t('Rights')}</legend>
          <div class="row">
            ${own.map(
              scope => html`
                <label class="check" key=${scope}>
                  <input
                    type="checkbox"
                    checked=${scopes.includes(scope)}
                    onChange=${() => setScopes(before => (before.includes(scope) ? before.filter(other => other !== scope) : [...before, scope]))}
                  />
                  <span>${scope}</span>
                </label>
              `
            )}
          </div>
        </fieldset>
        <div class="field">
          <label for="token-registration">${t('Only this registration')}</label>
          <input id="token-registration" class="control short" type="number" min="1" placeholder=${t('all')} value=${registration} onInput=${text(setRegistration)} />
        </div>
        <div class="field">
          <label for="token-days">${t('Ends after')}</label>
          <select id="token-days" class="control short" value=${days} onChange=${text(setDays)}>
            <option value="">${t('never')}</option>
            ${LIFETIMES.map(count => html`<option value=${count}>${t('{n} days', { n: count })}</option>`)}
          </select>
        </div>
        ${refusal && html`<p class="error" role="alert">${refusal}</p>`}
        <p class="row">
          <button class="button primary" disabled=${name === '' || scopes.length === 0}>${t('Make the token')}</button>
          <button type="button" class="button" onClick=${onClose}>${t('Leave it')}</button>
        </p>
      </form>
    </${Dialog}>
  `
}
