import { type Arguments, argumentsOf, type Directed, readDirectives, readPiped } from 'channel-kit/directives'
import { type Json, record, text } from 'channel-kit/json'
import { shown, unmarked } from '../markup/content.ts'
import { LONGEST_CAPTION, split } from '../markup/split.ts'
import { fallbackOf, planFallback } from './fallback.ts'
import { filesOf, storeFiles } from './files.ts'
import type { Plan } from './run.ts'
import { done, ended, type Run, rejected, type Step, type StoredFile } from './run.ts'
import { fill } from './template-fill.ts'
import { findTemplate } from './template-find.ts'
import { windowOf } from './window.ts'

type Commands = Directed<'template' | 'reply'> & { plain: string }

export async function planOf(run: Run, fresh = false): Promise<Step<Plan>> {
  const commands = await commandsOf(run)
  const template = templateOf(run, commands)
  if (template) return planTemplate(run, template, commands.text, fresh)

  const { translate, now } = run.tools
  const fallback = fallbackOf(run)
  const window = run.progress.closed ? 'closed' : windowOf(run.message, now())
  if (fallback && window !== 'open') return blamed(run, await planFallback(run, fallback, commands.plain, fresh))
  if (window === 'closed')
    return ended(
      rejected(run, translate('reasons', 'The customer has not written for 24 hours, and no template is set for that'))
    )
  return planFree(run, commands)
}

/** Puts the reason for using a template before the reason for its refusal. */
function blamed(run: Run, plan: Step<Plan>): Step<Plan> {
  if (plan.kind === 'done' || plan.outcome.kind !== 'rejected') return plan
  const late = run.tools.translate('reasons', 'The customer has not written for 24 hours: only a template can be sent')
  return ended({ ...plan.outcome, reason: `${late}. ${plan.outcome.reason}` })
}

/** A command is in the plain text, whatever the editor made of it. `plain` is what is below it, without markup. */
async function commandsOf({ message: { content } }: Run): Promise<Commands> {
  if (!content) return { directives: [], text: '', plain: '' }
  const { format } = content
  const { directives, text } = readDirectives(format === 'html' ? await unmarked(content) : content.text, [
    'template',
    'reply'
  ])
  if (directives.length === 0) return { directives, text: await shown(content), plain: await unmarked(content) }
  const rest = { text, format: format === 'markdown' ? format : 'text' } as const
  return { directives, text: await shown(rest), plain: await unmarked(rest) }
}

interface WantedTemplate {
  name: string
  language: string
  values: Arguments
}

/** The template of the message's structure, or of `/template name language | parameter | name=parameter`; '' for what was not told. */
function templateOf({ message: { template } }: Run, { directives }: Commands): WantedTemplate | undefined {
  if (template) return { name: template.name, language: template.language ?? '', values: argumentsOf(template) }
  const written = directives.find(({ word }) => word === 'template')
  if (!written) return undefined
  const { positional, named } = readPiped(written.value)
  const [name = '', language = '', ...more] = (positional[0] ?? '').split(/\s+/)
  return { name, language: more.length > 0 ? '' : language, values: { positional: positional.slice(1), named } }
}

async function planTemplate(
  given: Run,
  { name, language, values }: WantedTemplate,
  rest: string,
  fresh: boolean
): Promise<Step<Plan>> {
  const { translate } = given.tools
  const problem = (text: string) => ended(rejected(given, text))
  if (!name || !language)
    return problem(translate('reasons', 'A template is written /template name language | parameter | parameter'))
  if (rest) return problem(translate('reasons', 'Below a template there can be no text: it goes into its parameters'))
  if (given.message.attachments.length > 1) return problem(translate('reasons', 'A template takes one file at most'))

  const found = await findTemplate(given, name, language, fresh)
  if (found.kind === 'ended') return found
  const stored = await storeFiles(given)
  if (stored.kind === 'ended') return stored
  const { shape, notes, noted } = found.value
  const filled = fill(shape, values, filesOf(stored.value)[0], translate)
  if (filled.kind === 'wrong') return problem(filled.problem)
  return done({ run: stored.value, parts: [filled.part], from: 0, notes, noted })
}

async function planFree(given: Run, { directives, text }: Commands): Promise<Step<Plan>> {
  const reply = directives.find(({ word }) => word === 'reply')
  const stored = await storeFiles(reply ? quoting(given, reply.value) : given)
  if (stored.kind === 'ended') return stored
  const run = stored.value
  const files = filesOf(run)
  const captioned = text.length <= LONGEST_CAPTION ? files.find(takesCaption) : undefined
  const parts = [
    ...(captioned ? [] : split(text).map(textPart)),
    ...files.map(file => filePart(file, file === captioned ? text : ''))
  ]
  if (parts.length === 0) return ended(rejected(run, run.tools.translate('reasons', 'Nothing is left to be shown')))
  const { quoted } = run.progress
  const [first, ...rest] = parts
  return done({
    run,
    parts: quoted ? [{ ...first, context: { message_id: quoted } }, ...rest] : parts,
    from: 0,
    notes: [],
    noted: false
  })
}

const takesCaption = ({ kind }: StoredFile) => kind === 'image' || kind === 'video' || kind === 'document'

const textPart = (body: string): Json => ({
  type: 'text',
  text: { body, ...(/https?:\/\//.test(body) ? { preview_url: true } : {}) }
})

export function filePart({ kind, id, name, voice, linked }: StoredFile, caption: string): Json {
  if (kind === 'link') return textPart(`${name}: ${id}`)
  const body = {
    ...(linked ? { link: id } : { id }),
    ...(caption ? { caption } : {}),
    ...(kind === 'document' ? { filename: name } : {}),
    ...(kind === 'audio' && voice ? { voice: true } : {})
  }
  return { type: kind, [kind]: body }
}

/** `/reply` quotes what the customer wrote last, `/reply wamid…` another message, whatever is written until it leaves. */
function quoting(run: Run, wamid: string): Run {
  const quoted = wamid || run.progress.quoted || lastWritten(run.message)
  return quoted ? { ...run, progress: { ...run.progress, quoted } } : run
}

/** The last text of the customer, by the memory: the last message may be a note of ours or a reaction, which cannot be quoted. */
function lastWritten({ answers, conversation: { lastIncoming, memory } }: Run['message']): string | undefined {
  const isWritten = lastIncoming && record(lastIncoming.context).opens !== false
  return answers?.ref ?? (text(record(memory).ref) || (isWritten ? lastIncoming.ref : undefined))
}
