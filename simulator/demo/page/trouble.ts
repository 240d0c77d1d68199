import { html } from 'htm/preact'
import type { Problem } from './api.ts'
import { Icon } from './icons.ts'
import { useShell } from './shell.ts'
import { address } from './use-route.ts'

interface TroubleProps {
  problem: Problem
  /** The failed action, as a sentence. */
  what: string
  onRetry?: () => void
}

/** Something went wrong: what, what the host said, and what to do next. */
export function Trouble({ problem, what, onRetry }: TroubleProps) {
  const { plugin, openExchanges } = useShell()
  const unregistered = problem.message.includes('not registered')
  return html`
    <div class="notice notice-bad" role="alert">
      <${Icon} name="alert" />
      <div>
        <p><strong>${what}</strong> <span>${sentence(problem.message)}</span></p>
        <p>${advice(problem)}</p>
        <p class="row">
          ${onRetry && html`<button type="button" class="button small" onClick=${onRetry}>Try again</button>`}
          ${unregistered && html`<a class="button small" href=${address(plugin, 'registration')}>Register the plugin</a>`}
          <button type="button" class="button small plain" onClick=${openExchanges}>See the raw exchange</button>
        </p>
      </div>
    </div>
  `
}

/** Ends a host's text with the full stop that the advice after it needs. */
export const sentence = (text: string) => (/[.!?…]$/.test(text) ? text : `${text}.`)

export function advice({ status, message }: Problem): string {
  if (status === 0) return 'See whether the terminal still runs the demo; start it again if not, then reload this page.'
  if (message.includes('not registered')) return 'Register the plugin first: the host forgot it or never knew it.'
  if (status === 401 || status === 403)
    return 'The host did not believe the token. Register the plugin again, then retry.'
  if (status === 404) return 'The plugin has nothing under this name. Its form and what it mounts do not agree.'
  if (status === 405) return 'The plugin does not do this. Leave it out.'
  if (status === 413) return 'Choose a smaller file.'
  if (status === 415) return 'Choose a file of another type.'
  if (status === 424) return 'Open the settings, complete them and save.'
  if (status === 502) return 'Look at the terminal for what the host said last, then retry.'
  if (status >= 500) return 'The fault is in the host. Its log in the terminal tells more than the answer does.'
  return 'Correct it and try again.'
}
