import { html } from 'htm/preact'
import type { ComponentChildren } from 'preact'
import { Markdown } from '../markdown.ts'
import { Trouble } from '../trouble.ts'
import { useDebounced } from '../use-debounced.ts'
import { type Loaded, useLoaded } from '../use-loaded.ts'
import { useWords } from '../words.ts'
import type { FieldProps } from './field-props.ts'
import { useFormSource } from './form-source.ts'

const PAUSE_MS = 300

type Cell = string | number | boolean | null

/** Asks the plugin anew whenever a field that the preview depends on has changed. */
function usePreview<T>(kind: 'table' | 'markdown', { field, dep }: FieldProps): Loaded<T> {
  const source = useFormSource()
  const needs = useDebounced(JSON.stringify(dep), PAUSE_MS)
  const name = field.previewer ?? ''
  const asked = { dep: needs, context: JSON.stringify(field.context) }
  return useLoaded(
    signal => source.preview<T>(kind, name, asked, signal),
    [kind, name, JSON.stringify(asked), source.key]
  )
}

export function MarkdownPreview(props: FieldProps) {
  const t = useWords()
  const preview = usePreview<{ markdown: string }>('markdown', props)
  const text = preview.value?.markdown
  return html`<${Frame} ...${props} preview=${preview}>
    ${text ? html`<${Markdown} text=${text} />` : html`<p class="muted">${t('The preview is empty.')}</p>`}
  </${Frame}>`
}

export function TablePreview(props: FieldProps) {
  const t = useWords()
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
        : html`<p class="muted">${t('The table is empty.')}</p>`
    }
  </${Frame}>`
}

interface FrameProps extends FieldProps {
  preview: Loaded<unknown>
  children: ComponentChildren
}

function Frame({ field, control, preview, children }: FrameProps) {
  const t = useWords()
  const { value, problem, loading, reload } = preview
  if (problem)
    return html`<${Trouble} what=${t('“{field}” could not be made.', { field: field.title })} problem=${problem} onRetry=${reload} />`
  return html`
    <div id=${control.id} class="preview" role="region" tabindex="0" aria-label=${field.title} aria-busy=${loading}>
      ${value === undefined ? html`<p class="muted">${t('Making the preview…')}</p>` : children}
    </div>
  `
}
