import { html } from 'htm/preact'
import type { Problem } from 'page-kit/web/answer.ts'
import type { Help } from 'page-kit/web/trouble.ts'
import type { Shell } from './shell.ts'
import { address } from './use-route.ts'

/** Help for a visitor of the demo. */
export const helpOf = ({ plugin, openExchanges }: Pick<Shell, 'plugin' | 'openExchanges'>): Help => ({
  advice,
  actions: problem => html`
    ${isUnregistered(problem) && html`<a class="button small" href=${address(plugin, 'registration')}>Register the plugin</a>`}
    <button type="button" class="button small plain" onClick=${openExchanges}>See the raw exchange</button>
  `
})

const isUnregistered = ({ message }: Problem) => message.includes('not registered')

function advice(problem: Problem): string {
  const { status } = problem
  if (status === 0) return 'See whether the terminal still runs the demo; start it again if not, then reload this page.'
  if (isUnregistered(problem)) return 'Register the plugin first: the host forgot it or never knew it.'
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
