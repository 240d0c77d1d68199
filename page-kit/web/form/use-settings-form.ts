import { useState } from 'preact/hooks'
import type { Problem } from '../answer.ts'
import { useLoaded } from '../use-loaded.ts'
import { type Errors, initialValues, isErrors, submitted, type Values } from './form.ts'
import { useFormSource } from './form-source.ts'

/** The settings while someone edits them: what is saved, what is typed over it, what the host refused. */
export function useSettingsForm() {
  const source = useFormSource()
  const sheet = useLoaded(signal => source.load(signal), [source.key])
  const [stored, setStored] = useState<Values>()
  const [edits, setEdits] = useState<Values>({})
  const [errors, setErrors] = useState<Errors>({})
  const [problem, setProblem] = useState<Problem>()
  const [phase, setPhase] = useState<'idle' | 'saving' | 'saved' | 'refused'>('idle')

  const form = sheet.value?.form
  const saved = stored ?? sheet.value?.saved ?? {}
  const values = form ? merge(initialValues(form, saved), edits) : {}

  const set = (group: string, field: string, value: unknown) => {
    setEdits(before => ({ ...before, [group]: { ...before[group], [field]: value } }))
    setErrors(before => without(before, group, field))
    setPhase('idle')
  }

  /** Resolves with the refused fields, none when all is well. */
  const save = async (): Promise<Errors> => {
    if (!form) return {}
    setPhase('saving')
    setProblem(undefined)
    const result = await source.save(submitted(form, values))
    const refused =
      !result.ok && result.problem.status === 400 && isErrors(result.problem.body) ? result.problem.body : {}
    setErrors(refused)
    setPhase(result.ok ? 'saved' : 'refused')
    if (result.ok) {
      setStored(result.body)
      setEdits({})
    } else if (Object.keys(refused).length === 0) setProblem(result.problem)
    return refused
  }

  return {
    ...sheet,
    form,
    saved,
    values,
    errors,
    set,
    save,
    phase,
    refusal: problem,
    dirty: Object.keys(edits).length > 0
  }
}

const merge = (base: Values, edits: Values): Values =>
  Object.fromEntries(Object.entries(base).map(([group, fields]) => [group, { ...fields, ...edits[group] }]))

function without(errors: Errors, group: string, field: string): Errors {
  const { [field]: _gone, ...rest } = errors[group] ?? {}
  return { ...errors, [group]: rest }
}
