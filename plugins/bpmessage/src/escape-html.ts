/** A text as HTML shows it. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, character => ENTITIES.get(character) ?? '')

const ENTITIES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;']
])
