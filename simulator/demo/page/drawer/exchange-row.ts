import { html } from 'htm/preact'
import { Icon } from 'page-kit/web/icons.ts'
import type { ExchangeSummary } from '../../../crm/model.ts'
import { ExchangeDetails } from './exchange-details.ts'

interface ExchangeRowProps {
  exchange: ExchangeSummary
  open: boolean
  onToggle: () => void
}

export function ExchangeRow({ exchange, open, onToggle }: ExchangeRowProps) {
  const { id, at, direction, method, path, status, durationMs } = exchange
  const out = direction === 'to-plugin'
  return html`
    <li class="exchange">
      <button type="button" class="exchange-row" aria-expanded=${open} aria-controls=${`exchange-${id}`} onClick=${onToggle}>
        <span class=${`way ${out ? 'out' : 'in'}`} title=${out ? 'CRM to plugin' : 'Plugin to CRM'}>
          <${Icon} name=${out ? 'right' : 'left'} /><span class="hidden">${out ? 'CRM to plugin' : 'Plugin to CRM'}</span>
        </span>
        <span class="exchange-what"><strong>${method}</strong> <span class="path">${decodeURI(path)}</span></span>
        <span class=${`status ${toneOf(status)}`}>${status ?? 'No answer'}</span>
        <span class="exchange-when"><time datetime=${at}>${new Date(at).toLocaleTimeString()}</time> · ${durationMs} ms</span>
      </button>
      ${open && html`<${ExchangeDetails} id=${id} />`}
    </li>
  `
}

function toneOf(status: number | null): string {
  if (status === null || status >= 500) return 'bad'
  return status >= 400 ? 'warn' : 'good'
}
