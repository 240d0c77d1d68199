import type { ComponentType } from 'preact'
import { BooleanField } from './boolean-field.ts'
import { ChecksField, SelectField } from './choice-fields.ts'
import type { FieldProps } from './field-props.ts'
import { FileField } from './file-field.ts'
import type { Field } from './form.ts'
import { IframeField } from './iframe-field.ts'
import { MarkdownField } from './markdown-field.ts'
import { NumberField } from './number-field.ts'
import { PasswordField } from './password-field.ts'
import { MarkdownPreview, TablePreview } from './preview-fields.ts'
import { SearchField } from './search-field.ts'
import { TextField } from './text-field.ts'
import { UnknownField } from './unknown-field.ts'

interface Choice {
  Control: ComponentType<FieldProps>
  /** The scope of the field's title: one control above or beside it, or a group of them. */
  labels: 'above' | 'beside' | 'group'
}

const CONTROLS: Readonly<Record<string, Choice>> = {
  string: { Control: TextField, labels: 'above' },
  integer: { Control: NumberField, labels: 'above' },
  float: { Control: NumberField, labels: 'above' },
  boolean: { Control: BooleanField, labels: 'beside' },
  password: { Control: PasswordField, labels: 'above' },
  file: { Control: FileField, labels: 'above' },
  markdown: { Control: MarkdownField, labels: 'above' },
  iframe: { Control: IframeField, labels: 'group' },
  tablePreview: { Control: TablePreview, labels: 'group' },
  markdownPreview: { Control: MarkdownPreview, labels: 'group' }
}

export function controlFor({ definition, values, limit }: Field): Choice {
  if (definition !== 'listOfEnum') return CONTROLS[definition] ?? { Control: UnknownField, labels: 'above' }
  if (typeof values === 'string') return { Control: SearchField, labels: 'above' }
  return limit?.max === 1 ? { Control: SelectField, labels: 'above' } : { Control: ChecksField, labels: 'group' }
}
