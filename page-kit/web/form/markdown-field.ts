import { html } from 'htm/preact'
import { useRef, useState } from 'preact/hooks'
import { Icon } from '../icons.ts'
import { Markdown } from '../markdown.ts'
import { label, useWords } from '../words.ts'
import type { FieldProps } from './field-props.ts'

const MARKS = [
  { name: label('Bold'), sign: 'B', before: '**', after: '**' },
  { name: label('Italic'), sign: 'I', before: '*', after: '*' },
  { name: label('Code'), sign: '<>', before: '`', after: '`' },
  { name: label('Link'), sign: null, before: '[', after: '](https://)' },
  { name: label('List item'), sign: '•', before: '\n- ', after: '' }
] as const

/** A text area with a few marks at hand, and what comes of them. */
export function MarkdownField({ field, value, control, onChange }: FieldProps) {
  const t = useWords()
  const area = useRef<HTMLTextAreaElement>(null)
  const [preview, setPreview] = useState(false)
  const text = typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value)

  const mark = (before: string, after: string) => {
    const { selectionStart: start = text.length, selectionEnd: end = text.length } = area.current ?? {}
    onChange(`${text.slice(0, start)}${before}${text.slice(start, end)}${after}${text.slice(end)}`)
    requestAnimationFrame(() => {
      area.current?.focus()
      area.current?.setSelectionRange(start + before.length, end + before.length)
    })
  }

  return html`
    <div class="editor">
      <div class="editor-bar" role="group" aria-label=${t('Editing {field}', { field: field.title })}>
        ${MARKS.map(
          ({ name, sign, before, after }) => html`
            <button type="button" class="button small plain" title=${t(name)} aria-label=${t(name)} disabled=${preview} onClick=${() => mark(before, after)}>
              ${sign ?? html`<${Icon} name="link" />`}
            </button>
          `
        )}
        <button type="button" class="button small plain push" aria-pressed=${preview} onClick=${() => setPreview(!preview)}>
          ${t('Preview')}
        </button>
      </div>
      <textarea
        ref=${area}
        ...${control}
        class="control"
        rows="6"
        hidden=${preview}
        value=${text}
        onInput=${(event: Event) => onChange((event.currentTarget as HTMLTextAreaElement).value)}
      />
      ${preview && html`<div class="preview" tabindex="0" aria-label=${t('Preview of {field}', { field: field.title })}>${text ? html`<${Markdown} text=${text} />` : html`<p class="muted">${t('Nothing to show yet.')}</p>`}</div>`}
    </div>
  `
}
