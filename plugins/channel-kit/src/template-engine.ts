import { type Context, defaultOperators, filters, Liquid, type Operators } from 'liquidjs'

/**
 * Liquid of which nothing takes long: no tag repeats what is inside it or
 * gathers output, and each filter, comparison and place pays for itself out of
 * one account, by what it is given and what it makes. So a template's work is
 * in proportion to its length and the account, whatever it says.
 */

export interface Engine {
  /** Throws when it is no Liquid, lacks a parameter (UndefinedVariableError), or its account is used up. */
  render: (template: string, parameters: object) => string
  /** Throws when it is no Liquid, or uses what is not there. */
  parse: (template: string) => void
}

/** The cost of a filter or comparison beside its characters; a date has a calendar made for it. */
const CALL = 500
const DATE_CALL = 20_000

/** Only in case that the account is wrong about something; on the clock, so that a busy machine must not reach it. */
const LONGEST_MS = 500

const TAGS = ['if', 'unless', 'case', 'assign']

const FILTERS = [
  ...['append', 'prepend', 'capitalize', 'upcase', 'downcase', 'strip', 'lstrip', 'rstrip', 'squish'],
  ...['strip_newlines', 'strip_html', 'newline_to_br', 'escape', 'escape_once', 'url_encode', 'url_decode'],
  ...['truncate', 'slice', 'size', 'first', 'last', 'join', 'default'],
  ...['plus', 'minus', 'times', 'divided_by', 'modulo', 'abs', 'ceil', 'floor', 'round', 'at_least', 'at_most']
]
/** A search may look at each place of the text for the whole of what it looks for, but skips 250 places at a time. */
const SEARCHES = ['replace', 'replace_first', 'replace_last', 'remove', 'remove_first', 'remove_last', 'split']
const DATES = ['date', 'date_to_string', 'date_to_long_string', 'date_to_xmlschema', 'date_to_rfc822']

/** The purpose that an engine is made for. */
export interface Purpose {
  /** Values of parameters are escaped for HTML. */
  escapes: boolean
  /** Characters of output. */
  most: number
  /** Characters of work, of one rendering. */
  account: number
  /** The time zone of "now". */
  timeZone: string
}

export function engine({ escapes, most, account, timeZone }: Purpose): Engine {
  const liquid = new Liquid({
    memoryLimit: account,
    renderLimit: LONGEST_MS,
    // An empty set of named templates takes the place of the file system.
    templates: {},
    strictFilters: true,
    strictVariables: true,
    lenientIf: true,
    ownPropertyOnly: true,
    preserveTimezones: true,
    timezoneOffset: timeZone,
    locale: 'en-US',
    operators: OPERATORS,
    // Every place ends with this, so that what it writes is paid for.
    outputEscape: escapes ? paid(handlerOf('escape'), CALL) : WRITES
  })
  for (const tag of Object.keys(liquid.tags)) if (!TAGS.includes(tag)) delete liquid.tags[tag]
  for (const name of Object.keys(liquid.filters)) delete liquid.filters[name]
  for (const name of FILTERS) liquid.registerFilter(name, paid(handlerOf(name), CALL))
  for (const name of SEARCHES) liquid.registerFilter(name, paid(handlerOf(name), CALL, searched))
  // The words of a text are an array that may be half as long.
  liquid.registerFilter(
    'truncatewords',
    paid(handlerOf('truncatewords'), CALL, (text = 0) => 4 * text)
  )
  for (const name of DATES) liquid.registerFilter(name, paid(handlerOf(name), DATE_CALL))
  liquid.registerFilter('raw', { raw: true, handler: WRITES })

  return {
    parse: template => void liquid.parse(template),
    render: (template, parameters) => {
      const text = String(liquid.parseAndRenderSync(template, parameters))
      if (text.length > most) throw new Error(`its text is longer than ${most} characters`)
      return text
    }
  }
}

/** True if a rendering failed since its account of work was spent. */
export const isSpent = (error: unknown): boolean => error instanceof Error && /memory alloc limit/.test(error.message)

type Filter = Parameters<Liquid['registerFilter']>[1]
type FilterHandler = Extract<Filter, (...given: never[]) => unknown>

function handlerOf(name: string): FilterHandler {
  const filter = (filters as Record<string, Filter>)[name]
  if (filter === undefined) throw new Error(`Liquid has no filter ${name}`)
  return typeof filter === 'function' ? filter : filter.handler
}

/** Pays for what is given before anything is done with it; what is made is paid for by whoever uses it. */
function paid(handler: FilterHandler, call: number, more = (..._sizes: number[]) => 0): FilterHandler {
  return function (value: unknown, ...given: unknown[]) {
    const sizes = [value, ...given].map(sizeOf)
    pay(this.context, call + sizes.reduce((sum, size) => sum + size, 0) + more(...sizes))
    return handler.call(this, value, ...given)
  }
}

const WRITES = paid(value => value, 0)

const searched = (text = 0, wanted = 0) => (text * wanted) / 250

/** A negation is given one value, all others two; the context comes last. */
const OPERATORS: Operators = Object.fromEntries(
  Object.entries(defaultOperators).map(([sign, operator]) => [sign, sign === 'not' ? operator : compared(sign)])
)

function compared(sign: string): BinaryOperator {
  const operator = defaultOperators[sign] as BinaryOperator
  return (left, right, context) => {
    const [one, other] = [sizeOf(left), sizeOf(right)]
    pay(context, CALL + one + other + (sign === 'contains' ? searched(one, other) : 0))
    return operator(left, right, context)
  }
}

type BinaryOperator = (left: unknown, right: unknown, context: Context) => ReturnType<Operators[string]>

const pay = ({ memoryLimit }: Context, characters: number) => memoryLimit.use(characters)

/** In characters, of what would be written. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  return Array.isArray(value) ? value.reduce((sum: number, one) => sum + 1 + sizeOf(one), 0) : 10
}
