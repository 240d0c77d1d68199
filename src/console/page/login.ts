import { html } from 'htm/preact'
import type { Problem } from 'page-kit/web/answer.ts'
import { Icon } from 'page-kit/web/icons.ts'
import { useWords, type Words } from 'page-kit/web/words.ts'
import { useEffect, useRef, useState } from 'preact/hooks'
import { askSession } from './api.ts'
import type { Session } from './shapes.ts'

interface LoginProps {
  /** A session was there and is over. */
  ended: boolean
  onLogin: (session: Session) => void
}

export function Login({ ended, onLogin }: LoginProps) {
  const t = useWords()
  const [token, setToken] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => input.current?.focus(), [])

  const submit = async (event: Event) => {
    event.preventDefault()
    if (token.trim() === '') return
    setBusy(true)
    const result = await askSession<Session>({ method: 'POST', body: { token: token.trim() } })
    setBusy(false)
    if (result.ok) return onLogin(result.body)
    setProblem(result.problem)
    input.current?.select()
  }

  return html`
    <main class="login" id="main">
      <form class="card narrow" onSubmit=${submit} aria-labelledby="login-title">
        <h1 id="login-title">${t('Console')}</h1>
        ${ended && !problem && html`<p class="muted" role="status">${t('The session is over. Log in again to go on.')}</p>`}
        <div class="field">
          <label for="token">${t('Token')}</label>
          <p class="about" id="token-about">${t('The CONSOLE_TOKEN of the host, or a token of its API.')}</p>
          <input
            ref=${input}
            id="token"
            class="control"
            type="password"
            autocomplete="current-password"
            aria-describedby=${problem ? 'token-error' : 'token-about'}
            aria-invalid=${problem ? 'true' : undefined}
            value=${token}
            onInput=${(event: Event) => setToken((event.currentTarget as HTMLInputElement).value)}
          />
          ${problem && html`<p class="error" id="token-error" role="alert"><${Icon} name="alert" /> <span>${refusal(t, problem)}</span></p>`}
        </div>
        <p class="row"><button class="button primary" disabled=${busy}>${busy ? t('Logging in…') : t('Log in')}</button></p>
      </form>
    </main>
  `
}

function refusal(t: Words, { status, message }: Problem): string {
  if (status === 400 || status === 401) return t('This token is not valid.')
  if (status === 429) return t('Too many wrong tokens came from this address. Wait a minute, then try again.')
  return message
}
