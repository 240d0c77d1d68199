import { Liquid, UndefinedVariableError } from 'liquidjs'

/**
 * Texts with places for parameters, in Liquid (https://liquidjs.com): a place
 * is `{{ name }}`, or `{{ name | default: "friend" }}` where the parameter may
 * be missing. An admin writes them and an agent names them, so neither may
 * reach a file, nor keep the host busy.
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

/** Whatever a template may show; a date as a text of ISO 8601, which is shown in the zone that it names. */
export type Parameters = Readonly<Record<string, unknown>>

const MAX_CHARACTERS = 65_536

const LIMITS = {
  parseLimit: MAX_CHARACTERS,
  renderLimit: 500,
  memoryLimit: 1_000_000
}

/** Tags that name other templates, which are files to Liquid. */
const FILE_TAGS = ['include', 'render', 'layout', 'block']

/** By escaping and zone; there are as many zones as the host's settings name. */
const engines = new Map<string, Liquid>()

function engineOf(escaping: Escaping, timeZone: string): Liquid {
  const key = `${escaping} ${timeZone}`
  const known = engines.get(key) ?? engine(escaping, timeZone)
  engines.set(key, known)
  return known
}

export function renderByCode(
  templates: Templates,
  code: string,
  parameters: Parameters,
  escaping: Escaping = 'none',
  timeZone = 'UTC'
): Rendered {
  const template = templates.get(code)
  if (template === undefined) return { kind: 'unknown', code, reason: `There is no template "${code}"` }
  return renderTemplate(template, parameters, escaping, timeZone)
}

/** Half a second, a million objects and 65,536 characters are the most. `timeZone` is that of "now", by its IANA name. */
export function renderTemplate(
  template: string,
  parameters: Parameters,
  escaping: Escaping = 'none',
  timeZone = 'UTC'
): Rendered {
  try {
    const text = String(engineOf(escaping, timeZone).parseAndRenderSync(template, parameters))
    return text.length > MAX_CHARACTERS ? broken('it is too long') : { kind: 'rendered', text }
  } catch (error) {
    return problemOf(error)
  }
}

/** Why a template cannot be used, whatever its parameters; undefined if it can. */
export function templateProblem(template: string): string | undefined {
  try {
    engineOf('none', 'UTC').parse(template)
    return undefined
  } catch (error) {
    return detailOf(error)
  }
}

function engine(escaping: Escaping, timeZone: string): Liquid {
  const made = new Liquid({
    ...LIMITS,
    // An empty set of named templates takes the place of the file system.
    templates: {},
    strictFilters: true,
    strictVariables: true,
    lenientIf: true,
    ownPropertyOnly: true,
    preserveTimezones: true,
    timezoneOffset: timeZone,
    locale: 'en-US',
    ...(escaping === 'html' ? { outputEscape: 'escape' } : {})
  })
  for (const tag of FILE_TAGS) delete made.tags[tag]
  return made
}

function problemOf(error: unknown): Rendered {
  if (!(error instanceof UndefinedVariableError)) return broken(detailOf(error))
  const { variableName: parameter = '' } = (error.originalError ?? {}) as { variableName?: string }
  return { kind: 'missing', parameter, reason: `The template needs the parameter "${parameter}"` }
}

const broken = (detail: string): Rendered => ({ kind: 'broken', detail, reason: `The template is broken: ${detail}` })

const detailOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
