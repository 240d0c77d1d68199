import type { Content } from 'channel-kit/chat'
import { longestText } from './limits.ts'

/** Texts that are longer than a message may be, in pieces. Pure. */

/** A content as contents that are no longer than one message's; none of nothing. */
export const textsOf = (content: Content | null): Content[] =>
  content === null ? [] : cutText(content.text, longestText(content.format)).map(text => ({ ...content, text }))

/** Cuts a text without splitting a surrogate pair. */
export function cutText(text: string, most: number): string[] {
  const found: string[] = []
  for (let from = 0; from < text.length; ) {
    const isHalf = from + most < text.length && isLowHalf(text.charCodeAt(from + most))
    const to = from + most - (isHalf ? 1 : 0)
    found.push(text.slice(from, to))
    from = to
  }
  return found
}

const isLowHalf = (code: number) => code >= 0xdc00 && code <= 0xdfff
