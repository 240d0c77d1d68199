import { html } from 'htm/preact'
import { sentence } from '../answer.ts'
import { useAdvice } from '../trouble.ts'
import { useWords } from '../words.ts'
import type { FieldProps } from './field-props.ts'
import { useFormSource } from './form-source.ts'
import { permitted, useUpload } from './use-upload.ts'

/** The file goes to the plugin's uploader at once; the form keeps the address that it answers. */
export function FileField({ field, value, control, onChange }: FieldProps) {
  const t = useWords()
  const advice = useAdvice()
  const { upload } = useFormSource()
  const { state, start } = useUpload(upload, uri => onChange(uri))
  const uri = typeof value === 'string' ? value : ''
  const choose = (event: Event) => {
    const input = event.currentTarget as HTMLInputElement
    const file = input.files?.[0]
    if (file) start(file)
    input.value = ''
  }

  return html`
    <div class="stack">
      ${
        uri &&
        html`
          <div class="row">
            <a class="file-link" href=${uri} target="_blank" rel="noopener noreferrer">${uri}</a>
            <button type="button" class="button small plain" aria-label=${t('Remove the file of {field}', { field: field.title })} onClick=${() => onChange(null)}>
              ${t('Remove')}
            </button>
          </div>
        `
      }
      <input ...${control} class="file" type="file" onChange=${choose} />
      ${
        state &&
        !state.problem &&
        html`<label class="row muted">${t('Uploading {name}', { name: state.name })} <progress value=${state.share} max="1" /></label>`
      }
      ${
        state?.problem &&
        html`<p class="error" role="alert">
          ${state.name}: ${sentence(state.problem.message)} ${permitted(state.problem)} ${advice(state.problem)}
        </p>`
      }
    </div>
  `
}
