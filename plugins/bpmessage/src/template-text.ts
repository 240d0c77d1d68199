import { readTemplates } from 'channel-kit/template-list'
import { type Escaping, type Rendered, renderByCode } from 'channel-kit/templates'
import type { Refusal } from './refusal.ts'
import type { CommonTools } from './settings.ts'
import type { Known } from './tokens.ts'

interface Given {
  /** The text below the line. */
  text: string
  known: Known
  fill: (text: string) => string
  escaping: Escaping
}

export interface Template {
  code: string
  named: Readonly<Record<string, string>>
}

/** The text, and perhaps the subject, of a template. */
export async function templatedOf(
  { code, named }: Template,
  { text, known, fill, escaping }: Given,
  { settings: { connection, templates }, translate }: CommonTools
): Promise<{ text: string; subject: string | undefined } | Refusal> {
  const filled = Object.entries(known.fields).map(([name, given]) => [name, fill(given)])
  const own = { text: fill(text), contact: known.contact, subject: known.subject }
  const parameters = { ...Object.fromEntries(filled), ...named, ...own }
  const bodies = await readTemplates(templates.body ?? '')
  const body = await renderByCode(bodies.templates, code, parameters, escaping, connection.timeZone)
  if (body.kind !== 'rendered') return { refused: templateProblem(body, code, translate) }

  const { templates: subjects } = await readTemplates(templates.subject ?? '')
  const heading = subjects.has(code)
    ? await renderByCode(subjects, code, parameters, 'none', connection.timeZone)
    : undefined
  if (heading && heading.kind !== 'rendered') return { refused: templateProblem(heading, code, translate) }
  return { text: body.text.trim(), subject: heading?.text }
}

function templateProblem(
  problem: Exclude<Rendered, { kind: 'rendered' }>,
  code: string,
  translate: CommonTools['translate']
): string {
  switch (problem.kind) {
    case 'unknown':
      return translate('messages', 'There is no template "{code}".', { code })
    case 'missing':
      return translate('messages', 'The template "{code}" needs {parameter}=…', { code, parameter: problem.parameter })
    case 'broken':
      return translate('messages', 'The template "{code}" is broken: {detail}', { code, detail: problem.detail })
  }
}
