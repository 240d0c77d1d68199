import type { Words } from '../words.ts'
import type { Limit, Option, Options } from './form.ts'

export type Choice = [key: string, option: Option]

export const choicesOf = (options: Options): Choice[] => Object.entries(options)

/** Choices under the name of their group, groups in the order of their first choice. */
export function grouped(choices: readonly Choice[]): [group: string, choices: Choice[]][] {
  const groups = new Map<string, Choice[]>()
  for (const choice of choices) {
    const name = String(choice[1].group)
    groups.set(name, [...(groups.get(name) ?? []), choice])
  }
  return [...groups]
}

/** Keys are compared as text: a host may store `5` where the form says `"5"`. */
export const chosenOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])

export function limitText(t: Words, limit: Limit | null | undefined): string {
  const { min, max } = limit ?? { min: null, max: null }
  if (min && max) return min === max ? t('Choose {max}', { max }) : t('Choose {min} to {max}', { min, max })
  if (min) return t('Choose at least {min}', { min })
  return max ? t('Choose up to {max}', { max }) : ''
}
