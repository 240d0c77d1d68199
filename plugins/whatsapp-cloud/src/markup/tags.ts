/** Tags of HTML in a text that may be none: `a < b`, `<ABC-123>`. One way through, whatever the text. */

export type Tag = { kind: 'open' | 'close'; name: string; attributes: string; start: number; end: number }

const NAMES = new Set(
  (
    'a abbr address area article aside audio b base basefont bdi bdo big blockquote body br button canvas caption center ' +
    'cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset figcaption figure ' +
    'font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label ' +
    'legend li link main map mark menu meta meter nav nobr noscript object ol optgroup option output p param picture ' +
    'pre progress q rp rt ruby s samp script section select small source span strike strong style sub summary sup svg ' +
    'table tbody td template textarea tfoot th thead time title tr track tt u ul var video wbr'
  ).split(' ')
)

const HEAD = /<(\/?)([A-Za-z][A-Za-z0-9]*(?::[A-Za-z]+)?)(?=[\s/>])/y

/** The tag that starts here; what has no end, or no name of HTML, is none. */
export function tagAt(text: string, start: number): Tag | undefined {
  HEAD.lastIndex = start
  const head = HEAD.exec(text)
  if (!head) return undefined
  const name = (head[2] ?? '').toLowerCase()
  // Word writes `<o:p>`.
  if (!NAMES.has(name) && !name.includes(':')) return undefined
  const from = start + head[0].length
  const end = endOf(text, from)
  if (end < 0) return undefined
  const tag: Tag = { kind: head[1] ? 'close' : 'open', name, attributes: text.slice(from, end), start, end: end + 1 }
  return name.length > 1 || isMeant(tag) ? tag : undefined
}

const LONGEST_TAG = 4_096

/** Position of the `>` that ends the tag; -1: none before the next tag. A quote may hold any text. */
function endOf(text: string, from: number): number {
  const last = Math.min(text.length, from + LONGEST_TAG)
  let quote = ''
  for (let at = from; at < last; at += 1) {
    const character = text[at] ?? ''
    if (quote) {
      if (character === quote) quote = ''
    } else if (character === '>') return at
    else if (character === '<') return -1
    else if ((character === '"' || character === "'") && text[at - 1] === '=') quote = character
  }
  return -1
}

const ATTRIBUTE = /([^\s=/"'>]+)(?:=(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g

/** By names in lower case; the first of a name counts. Values as written. */
export function attributesOf({ attributes }: Pick<Tag, 'attributes'>): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const [, name = '', double, single, bare] of attributes.replace(/(?<!\s)\s*=\s*/g, '=').matchAll(ATTRIBUTE))
    if (!found.has(name.toLowerCase())) found.set(name.toLowerCase(), (double ?? single ?? bare ?? '').trim())
  return found
}

/** True for a tag that was meant as one: `a <b and c> d` has words where a tag has values. */
export const isMeant = ({ attributes }: Tag) => /^[\s/]*$/.test(attributes) || /=/.test(attributes)
