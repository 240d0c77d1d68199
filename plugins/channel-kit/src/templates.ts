import { UndefinedVariableError } from 'liquidjs'
import { isTooMuchWork, runOffloaded, SHORT } from './offload.ts'
import { type Engine, engine, isSpent } from './template-engine.ts'

/**
 * Texts with places for parameters, in Liquid (https://liquidjs.com): a place
 * is `{{ name }}`, or `{{ name | default: "friend" }}` where the parameter may
 * be missing. An admin writes them and an agent names them, so neither may
 * reach a file, nor keep the host busy: no tag repeats, and what a template
 * does altogether is bounded (template-engine.ts).
 */

/** By code. */
export type Templates = ReadonlyMap<string, string>

/**
 * - `rendered`: the text, possibly ''.
 * - `unknown`: there is no template of this code.
 * - `missing`: a parameter that the template needs was not given.
 * - `broken`: it is no Liquid, or more than is allowed; `detail` says what and where, in English.
 *
 * `reason` says it all in English.
 */
export type Rendered =
  | { kind: 'rendered'; text: string }
  | { kind: 'unknown'; code: string; reason: string }
  | { kind: 'missing'; parameter: string; reason: string }
  | { kind: 'broken'; detail: string; reason: string }

/** `html` escapes what parameters bring, so that they stay text in an HTML body; `none` is for plain text. */
export type Escaping = 'none' | 'html'

/** Values that a template may show; a date as a text of ISO 8601, which is shown in the zone that it names. */
export type Parameters = Readonly<Record<string, unknown>>

/** Characters of a template, and of the text that it makes. An e-mail in HTML is long. */
const MAX_CHARACTERS = { none: 65_536, html: 524_288 } satisfies Record<Escaping, number>

/** Places and tags of one template, and what they may say altogether: of this the reading takes time, not of the text. */
const MAX_PLACES = 500
const MAX_IN_PLACES = 16_384

/** In characters of work: of what is rendered at once, and of what goes to a process when that was not enough. */
const ACCOUNTS = { quick: 40_000, whole: 1_200_000 } as const
type Account = keyof typeof ACCOUNTS

/** By how they are made; there are as many zones as the host's settings name. */
const engines = new Map<string, Engine>()

function engineOf(escaping: Escaping, timeZone: string, account: Account): Engine {
  const key = `${escaping} ${account} ${timeZone}`
  const how = { escapes: escaping === 'html', most: MAX_CHARACTERS[escaping], account: ACCOUNTS[account], timeZone }
  const known = engines.get(key) ?? engine(how)
  engines.set(key, known)
  return known
}

export async function renderByCode(
  templates: Templates,
  code: string,
  parameters: Parameters,
  escaping: Escaping = 'none',
  timeZone = 'UTC'
): Promise<Rendered> {
  const template = templates.get(code)
  if (template === undefined) return { kind: 'unknown', code, reason: `There is no template "${code}"` }
  return renderTemplate(template, parameters, escaping, timeZone)
}

/**
 * 65,536 characters are the most of plain text, 524,288 of HTML; 500 places of altogether 16,384. `timeZone` is that of
 * "now", by its IANA name.
 */
export async function renderTemplate(
  template: string,
  parameters: Parameters,
  escaping: Escaping = 'none',
  timeZone = 'UTC'
): Promise<Rendered> {
  const large = sizeProblem(template, escaping)
  if (large) return broken(large)
  if (nextPlace(template, 0) < 0) return { kind: 'rendered', text: template }
  const short = template.length <= SHORT
  const quick = short ? renderWithin('quick', template, parameters, escaping, timeZone) : ({ kind: 'spent' } as const)
  if (quick.kind !== 'spent') return quick
  const whole = await runOffloaded(import.meta.url, renderWithin, [
    'whole',
    template,
    parameters,
    escaping,
    timeZone
  ]).catch(tooMuch)
  return whole.kind === 'spent' ? broken('it takes too much work') : whole
}

const tooMuch = (error: unknown): { kind: 'spent' } => {
  if (isTooMuchWork(error)) return { kind: 'spent' }
  throw error
}

/** `spent`: the account was not enough. */
export function renderWithin(
  account: Account,
  template: string,
  parameters: Parameters,
  escaping: Escaping,
  timeZone: string
): Rendered | { kind: 'spent' } {
  try {
    return { kind: 'rendered', text: engineOf(escaping, timeZone, account).render(template, parameters) }
  } catch (error) {
    return isSpent(error) ? { kind: 'spent' } : problemOf(error)
  }
}

/** Why a template cannot be used, whatever its parameters; undefined if it can. */
export function templateProblem(template: string): string | undefined {
  const large = sizeProblem(template, 'html')
  if (large) return large
  if (nextPlace(template, 0) < 0) return undefined
  try {
    engineOf('none', 'UTC', 'whole').parse(template)
    return undefined
  } catch (error) {
    return detailOf(error)
  }
}

/** The problem of a template that is too large to be read. */
function sizeProblem(template: string, escaping: Escaping): string | undefined {
  if (template.length > MAX_CHARACTERS[escaping]) return `it is longer than ${MAX_CHARACTERS[escaping]} characters`
  let count = 0
  let inside = 0
  for (let start = nextPlace(template, 0); start >= 0; start = nextPlace(template, start + 2)) {
    count += 1
    if (count > MAX_PLACES) return `it has more than ${MAX_PLACES} places`
    const end = template.indexOf(template[start + 1] === '{' ? '}}' : '%}', start)
    if (end < 0) return undefined
    inside += end - start
    if (inside > MAX_IN_PLACES) return `its places are longer than ${MAX_IN_PLACES} characters`
  }
  return undefined
}

/** How many places and tags begin in a text. */
export function placesOf(text: string): number {
  let count = 0
  for (let at = nextPlace(text, 0); at >= 0; at = nextPlace(text, at + 2)) count += 1
  return count
}

function nextPlace(template: string, from: number): number {
  for (let at = template.indexOf('{', from); at >= 0; at = template.indexOf('{', at + 1))
    if (template[at + 1] === '{' || template[at + 1] === '%') return at
  return -1
}

function problemOf(error: unknown): Rendered {
  if (!(error instanceof UndefinedVariableError)) return broken(detailOf(error))
  const { variableName: parameter = '' } = (error.originalError ?? {}) as { variableName?: string }
  return { kind: 'missing', parameter, reason: `The template needs the parameter "${parameter}"` }
}

const broken = (detail: string): Rendered => ({ kind: 'broken', detail, reason: `The template is broken: ${detail}` })

/** An error quotes the template, which may be long. */
const detailOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 200)
