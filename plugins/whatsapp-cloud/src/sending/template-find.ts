import type { GatewayEvent } from 'channel-kit/event'
import { Value } from 'typebox/value'
import { listTemplates, localeOf, templateNote } from '../graph/templates.ts'
import { isOptedOut } from '../incoming/opt-out.ts'
import { backOff, refusal } from './refusal.ts'
import { done, ended, type Run, rejected, type Step, unreached } from './run.ts'
import { shapeOf, TemplateShape } from './template-shape.ts'

export interface Found {
  shape: TemplateShape
  /** The shape comes from a note and may have changed since. */
  noted: boolean
  /** To find it in the notes next time. */
  notes: readonly GatewayEvent[]
}

const MAX_AGE_MS = 6 * 3_600_000

/** By the account's notes, or by asking. Ends the attempt when there is none that can be sent, or not to this customer. */
export async function findTemplate(run: Run, name: string, language: string, fresh: boolean): Promise<Step<Found>> {
  const found = await lookUp(run, name, language, fresh)
  const { notes, now, translate } = run.tools
  return found.kind === 'done' &&
    found.value.shape.category === 'MARKETING' &&
    isOptedOut(run.message.address, notes, now())
    ? ended(rejected(run, translate('reasons', 'The customer does not want marketing messages')))
    : found
}

async function lookUp(run: Run, name: string, language: string, fresh: boolean): Promise<Step<Found>> {
  const key = templateNote(name, language)
  const { notes, now } = run.tools
  const note = notes[key]
  if (!fresh && note && now().getTime() - note.at.getTime() < MAX_AGE_MS && Value.Check(TemplateShape, note.value))
    return done({ shape: note.value, noted: true, notes: [] })

  const listed = await listTemplates(run.caller, run.tools.settings.account.businessAccountId, { name })
  if (listed.kind === 'error') return ended(refusal(listed, run))
  if (listed.kind === 'unsent') return ended(unreached(run, listed.reason))
  if (listed.kind !== 'listed') return ended(backOff(run, listed.reason))
  const shapes = listed.templates.map(shapeOf).filter(shape => shape.name === name)
  const shape = shapes.find(found => found.language === localeOf(language))
  const problem = shape ? unusable(shape, run) : missing(name, language, shapes, run)
  if (!shape || problem) return ended(rejected(run, problem))
  return done({ shape, noted: false, notes: [{ kind: 'note', name: key, value: shape }] })
}

const unusable = ({ name, status }: TemplateShape, { tools: { translate } }: Run) =>
  status === 'APPROVED'
    ? ''
    : translate('reasons', 'The template {name} is not approved but {status}', { name, status })

function missing(
  name: string,
  language: string,
  others: readonly TemplateShape[],
  { tools: { translate } }: Run
): string {
  const languages = others.map(other => other.language).join(', ')
  return languages
    ? translate('reasons', 'The template {name} is there in {languages}, not in {language}', {
        name,
        languages,
        language
      })
    : translate('reasons', 'There is no template {name}', { name })
}
