import { html } from 'htm/preact'
import { useEffect, useRef } from 'preact/hooks'
import type { FieldProps } from './field-props.ts'
import { useFormSource } from './form-source.ts'

/** A page of the plugin's own. It gives its value by a message: `{ value }`, or the value as text. */
export function IframeField({ field, value, control, onChange }: FieldProps) {
  const { selfUri } = useFormSource()
  const frame = useRef<HTMLIFrameElement>(null)
  const latest = useRef(onChange)
  latest.current = onChange
  const url = new URL(field.iframe ?? '', selfUri)

  useEffect(() => {
    const take = ({ source, origin, data }: MessageEvent) => {
      if (source !== frame.current?.contentWindow || origin !== url.origin) return
      if (typeof data === 'string') latest.current(data)
      else if (data && typeof data === 'object' && 'value' in data) latest.current(data.value)
    }
    addEventListener('message', take)
    return () => removeEventListener('message', take)
  }, [url.origin])

  const empty = value === null || value === undefined || value === ''
  return html`
    <div class="stack">
      <iframe
        ref=${frame}
        ...${control}
        class="frame"
        title=${field.title}
        src=${url.href}
        sandbox="allow-scripts allow-forms allow-same-origin"
        onLoad=${() => frame.current?.contentWindow?.postMessage({ value: value ?? null }, url.origin)}
      />
      <div class="row" aria-live="polite">
        ${empty ? html`<span class="muted">Nothing chosen in the frame yet.</span>` : html`<span class="muted">Value</span> <code class="value">${typeof value === 'string' ? value : JSON.stringify(value)}</code>`}
        ${!empty && html`<button type="button" class="button small plain" aria-label=${`Clear ${field.title}`} onClick=${() => onChange(null)}>Clear</button>`}
      </div>
    </div>
  `
}
