import { html } from 'htm/preact'
import { useLoaded } from 'page-kit/web/use-loaded.ts'
import type { Exchange } from '../../../crm/model.ts'
import { ask } from '../api.ts'
import { tokensIn } from './jwt.ts'

/** An exchange: its raw request and answer, and the claims of its tokens. */
export function ExchangeDetails({ id }: { id: number }) {
  const { value, problem } = useLoaded(signal => ask<Exchange>(`exchanges/${id}`, { signal }), [String(id)])
  return html`
    <div class="exchange-details" id=${`exchange-${id}`}>
      ${problem && html`<p class="error" role="alert">${problem.message} Only the latest are kept; repeat what caused it.</p>`}
      ${!value && !problem && html`<p class="muted" role="status">Loading…</p>`}
      ${value && html`<${Sides} ...${value} />`}
    </div>
  `
}

function Sides({ method, path, status, failure, request, answer }: Exchange) {
  return html`
    <h3>Request</h3>
    <pre class="raw" tabindex="0" aria-label="Request line and headers">${`${method} ${path}\n${lines(request.headers)}`}</pre>
    ${request.body && html`<pre class="raw" tabindex="0" aria-label="Request body">${request.body}</pre>`}
    ${tokensIn(request.headers, request.body).map(
      ({ place, header, claims }) => html`
        <h4>${place}, decoded</h4>
        <pre class="raw" tabindex="0" aria-label=${`Claims of ${place}`}>${pretty(header)}${'\n'}${pretty(claims)}</pre>
      `
    )}
    <h3>Answer</h3>
    ${
      answer
        ? html`
            <pre class="raw" tabindex="0" aria-label="Status and headers">${`${status}\n${lines(answer.headers)}`}</pre>
            ${answer.body ? html`<pre class="raw" tabindex="0" aria-label="Answer body">${answer.body}</pre>` : html`<p class="muted">No body</p>`}
          `
        : html`<p class="error">${failure}</p>`
    }
  `
}

const lines = (headers: Record<string, string>) =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')

const pretty = (value: unknown) => JSON.stringify(value, null, 2)
