import { html } from 'htm/preact'
import type { ComponentChildren } from 'preact'
import { ask } from '../api.ts'
import { Markdown } from '../markdown.ts'
import { useShell } from '../shell.ts'
import { Trouble } from '../trouble.ts'
import { useDebounced } from '../use-debounced.ts'
import { type Loaded, useLoaded } from '../use-loaded.ts'
import type { FieldProps } from './field-props.ts'

const PAUSE_MS = 300

type Cell = string | number | boolean | null

/** Asks the plugin anew whenever a field that the preview depends on has changed. */
function usePreview<T>(kind: 'table' | 'markdown', { field, dep }: FieldProps): Loaded<T> {
  const { plugin, language } = useShell()
  const needs = useDebounced(JSON.stringify(dep), PAUSE_MS)
  const search = new URLSearchParams({ dep: needs, context: JSON.stringify(field.context) })
  const path = `plugins/${plugin}/preview/${kind}/${encodeURIComponent(field.previewer ?? '')}?${search}`
  return useLoaded(signal => ask<T>(path, { language, signal }), [path, language])
}

export function MarkdownPreview(props: FieldProps) {
  const preview = usePreview<{ markdown: string }>('markdown', props)
  const text = preview.value?.markdown
  return html`<${Frame} ...${props} preview=${preview}>
    ${text ? html`<${Markdown} text=${text} />` : html`<p class="muted">The preview is empty.</p>`}
  </${Frame}>`
}

export function TablePreview(props: FieldProps) {
  const preview = usePreview<Cell[][]>('table', props)
  const [head, ...rows] = preview.value ?? []
  const width = Math.max(0, ...(preview.value ?? []).map(row => row.length))
  const cells = (row: Cell[]) => Array.from({ length: width }, (_, index) => String(row[index] ?? ''))
  return html`<${Frame} ...${props} preview=${preview}>
    ${
      head
        ? html`
            <table class="table">
              <thead><tr>${cells(head).map(cell => html`<th scope="col">${cell}</th>`)}</tr></thead>
              <tbody>${rows.map(row => html`<tr>${cells(row).map(cell => html`<td>${cell}</td>`)}</tr>`)}</tbody>
            </table>
          `
        : html`<p class="muted">The table is empty.</p>`
    }
  </${Frame}>`
}

interface FrameProps extends FieldProps {
  preview: Loaded<unknown>
  children: ComponentChildren
}

function Frame({ field, control, preview, children }: FrameProps) {
  const { value, problem, loading, reload } = preview
  if (problem)
    return html`<${Trouble} what=${`“${field.title}” could not be made.`} problem=${problem} onRetry=${reload} />`
  return html`
    <div id=${control.id} class="preview" role="region" tabindex="0" aria-label=${field.title} aria-busy=${loading}>
      ${value === undefined ? html`<p class="muted">Making the preview…</p>` : children}
    </div>
  `
}
