import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Result } from '../answer.ts'
import type { Form, Options, Values } from './form.ts'

/** Source of a form: its groups, its values, and the answers to what its fields ask. */
export interface FormSource {
  /** Changes when everything has to be asked anew: the registration, and the language. */
  key: string
  /** Address of the channel, below which pages of its own are. */
  selfUri: string
  load: (signal: AbortSignal) => Promise<Result<{ form: Form; saved: Values }>>
  /** Answers what is stored then; a refusal of fields has the errors of `isErrors` as its body. */
  save: (values: Values) => Promise<Result<Values>>
  /** Choices of an autocomplete. */
  search: (name: string, asked: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Result<Options>>
  preview: <T>(
    kind: 'table' | 'markdown',
    name: string,
    asked: Readonly<Record<string, string>>,
    signal: AbortSignal
  ) => Promise<Result<T>>
  upload: (
    file: File,
    onProgress: (share: number) => void
  ) => { done: Promise<Result<{ uri: string }>>; cancel: () => void }
}

const nowhere = async () => ({ ok: false, problem: { status: 0, message: 'There is no form', body: null } }) as const

export const FormSourceContext = createContext<FormSource>({
  key: '',
  selfUri: 'about:blank',
  load: nowhere,
  save: nowhere,
  search: nowhere,
  preview: nowhere,
  upload: () => ({ done: nowhere(), cancel: () => {} })
})

export const useFormSource = () => useContext(FormSourceContext)
