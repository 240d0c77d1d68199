/** At most so many characters, with a mark where something is missing. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text
  // A surrogate alone is no character.
  return most > 1 ? `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…` : ''
}
