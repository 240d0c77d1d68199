/** Most characters of a text, counted as JavaScript does, which is never less than Meta may count. */
const LONGEST_TEXT = 4096
export const LONGEST_CAPTION = 1024

/** From the best to the worst place to part a text. What matches stays with the first part. */
const PLACES = [/\n\n/g, /\n/g, /[.!?…。！？](?:["'”’)\]]*)\s/g, /\s/g]

const FENCE = '```'

/** Parts of at most `longest`, none of them empty. A mono block that is cut goes on as one. */
export function split(text: string, longest = LONGEST_TEXT): readonly string[] {
  const parts: string[] = []
  let rest = text.trim()
  while (rest.length > longest) {
    // Room for the end of a block, should the cut be within one.
    const end = cutOf(rest, longest - FENCE.length)
    const part = rest.slice(0, end).trimEnd()
    const cutsBlock = part.split(FENCE).length % 2 === 0
    parts.push(cutsBlock ? part + FENCE : part)
    rest = (cutsBlock ? FENCE : '') + rest.slice(end).replace(/^\s+/, '')
  }
  return rest ? [...parts, rest] : parts
}

/** The last good place in the second half, since a short first part would read like an accident. */
function cutOf(text: string, longest: number): number {
  const head = text.slice(0, longest)
  for (const place of PLACES) {
    const last = [...head.matchAll(place)].at(-1)
    const end = last ? last.index + last[0].length : 0
    if (end > longest / 2) return end
  }
  return wholeCharacters(head)
}

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Never within an emoji; the last one may go on behind the cut. */
function wholeCharacters(head: string): number {
  const tail = Math.max(0, head.length - 64)
  const last = [...GRAPHEMES.segment(head.slice(tail))].at(-1)
  return last && last.index > 0 ? tail + last.index : head.length
}

/** At most so many characters, with a mark where something is missing. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text
  // A surrogate alone is no character.
  return most > 1 ? `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…` : ''
}
