import { cut } from '../markup/split.ts'
import { filesOf, storeFiles } from './files.ts'
import type { Plan } from './run.ts'
import { done, ended, type Run, rejected, type Step, type StoredFile } from './run.ts'
import { cleaned, fill } from './template-fill.ts'
import { findTemplate } from './template-find.ts'
import type { TemplateShape } from './template-shape.ts'

/** A message that comes too late for the window, carried by the template that the admin chose for it. */

/** Characters of the whole body, variables filled in. */
const LONGEST_BODY = 1024

/** A part of its own for what comes in the place of parts that came back: others of those may be at Meta still, and are no template. */
const INSTEAD = 9_000

export const keyOf = (name: string, language: string) => `${name}/${language}`

export function nameOf(key: string): { name: string; language: string } {
  const [name = '', language = ''] = key.split('/')
  return { name, language }
}

export const fallbackOf = ({ tools: { settings } }: Run) => settings.window.fallbackTemplate?.[0]

export async function planFallback(given: Run, key: string, text: string, fresh: boolean): Promise<Step<Plan>> {
  const { name, language } = nameOf(key)
  const found = await findTemplate(given, name, language, fresh)
  if (found.kind === 'ended') return found
  const stored = await storeFiles(given)
  if (stored.kind === 'ended') return stored

  const { shape, noted, notes } = found.value
  const run = stored.value
  const { translate, settings } = run.tools
  const parameter = settings.window.fallbackParameter ?? '1'
  const problem = misfit(shape, parameter)
  if (problem) return ended(rejected(run, translate('reasons', problem, { name })))
  const filled = fill(shape, { positional: [textOf(run, shape, text)], named: {} }, headerOf(run, shape), translate)
  if (filled.kind === 'wrong') return ended(rejected(run, filled.problem))
  const told = translate('reasons', 'Sent by the template {name}, since the customer has not written for 24 hours', {
    name
  })
  return done({ run, parts: [filled.part], from: given.message.returned ? INSTEAD : 0, notes, noted, told })
}

const word = (_category: 'reasons', text: string) => text

/** Why a template cannot carry a text alone; '' when it can. */
export function misfit({ bodyVariables, headerVariables, buttons, code }: TemplateShape, parameter: string): string {
  if (!bodyVariables.includes(parameter))
    return word('reasons', 'The template {name} has no parameter that could carry the text')
  const alone = bodyVariables.length === 1 && headerVariables.length === 0 && buttons.length === 0 && !code
  return alone ? '' : word('reasons', 'The template {name} needs more than a text')
}

const isMedia = ({ header }: TemplateShape) => header === 'image' || header === 'video' || header === 'document'

const headerOf = (run: Run, shape: TemplateShape): StoredFile | undefined =>
  isMedia(shape) ? filesOf(run).find(({ kind }) => kind === shape.header || shape.header === 'document') : undefined

/** Files that have no place in the template go along as links, which are never cut. */
function textOf(run: Run, shape: TemplateShape, text: string): string {
  const { attachments } = run.message
  const placed = filesOf(run).indexOf(headerOf(run, shape) as StoredFile)
  const links = attachments.filter((_, place) => place !== placed).map(({ uri }) => uri)
  const own = cleaned(text)
  const room = LONGEST_BODY - shape.bodyLength - links.map(link => ` ${link}`).join('').length
  return (
    [cut(own, room), ...links].filter(Boolean).join(' ') ||
    filesOf(run)
      .map(({ name }) => name)
      .join(', ')
  )
}
