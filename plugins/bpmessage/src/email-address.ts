import { typed } from 'channel-kit/typed'

/** An address as people write it, without what is around it and what nobody sees. */
export const addressOf = (written: string): string =>
  typed(written)
    .replace(/^mailto:/i, '')
    .replace(/^<(.*)>$/s, '$1')
    .trim()

const OTHER = '[^\\p{Cc}\\s@<>,;:"()[\\]\\\\.]'
const LOCAL = new RegExp(`^${OTHER}+(?:\\.${OTHER}+)*$`, 'u')
const LABEL = /^(?!-)[^\p{Cc}\s@<>,;:"()[\]\\._/]{1,63}(?<!-)$/u

/** An address as a mail server takes it, without a name before it. Lenient where the standards are: the gateway has the last word. */
export function isAddress(text: string): boolean {
  const at = text.lastIndexOf('@')
  const [local, labels] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1).split('.')]
  return (
    text.length <= 254 &&
    local.length <= 64 &&
    LOCAL.test(local) &&
    labels.length > 1 &&
    labels.every(label => LABEL.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? '')
  )
}
