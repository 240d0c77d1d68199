import { html } from 'htm/preact'
import { Icon } from '../icons.ts'
import { Markdown } from '../markdown.ts'
import { controlFor } from './controls.ts'
import type { FieldProps } from './field-props.ts'

interface FrameProps extends Omit<FieldProps, 'control'> {
  id: string
  errors: readonly string[]
}

/** Title, description and errors around the control of a field, tied to it for those who do not see them. */
export function FieldFrame({ id, field, errors, ...rest }: FrameProps) {
  const { Control, labels } = controlFor(field)
  const invalid = errors.length > 0
  const notes = [field.description && `${id}-about`, invalid && `${id}-error`].filter(Boolean).join(' ')
  const control = { id, 'aria-invalid': invalid ? 'true' : undefined, 'aria-describedby': notes || undefined }
  const props = { field, control, ...rest }

  const about =
    field.description && html`<p class="about" id=${`${id}-about`}><${Markdown} inline text=${field.description} /></p>`
  const refused =
    invalid && html`<p class="error" id=${`${id}-error`}><${Icon} name="alert" /> <span>${errors.join(' ')}</span></p>`
  const frame = invalid ? 'field invalid' : 'field'

  if (labels === 'group') {
    return html`
      <fieldset class=${frame} aria-describedby=${notes || undefined}>
        <legend>${field.title}</legend>
        ${about}
        <${Control} ...${props} />
        ${refused}
      </fieldset>
    `
  }
  return html`
    <div class=${`${frame} ${labels}`}>
      <label for=${id}>${field.title}</label>
      ${about}
      <${Control} ...${props} />
      ${refused}
    </div>
  `
}
