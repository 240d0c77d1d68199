import { visible } from 'channel-kit/typed'

/** Addresses in an SMS: never transliterated, which would make others of them, but written in what every phone and XML takes. */

/** Makes an address safe: without letters that nobody sees; all others that are not ASCII are encoded, the host as DNS has it. */
export function safeLink(address: string): string {
  const clean = visible(address.toWellFormed())
    .replace(/[\p{Cc}\ufffe\uffff]/gu, '')
    .trim()
  const [, scheme = '', host = '', rest = ''] = /^([a-z][a-z\d+.-]*:\/\/)([^/?#]*)(.*)$/isu.exec(clean) ?? []
  return host ? `${scheme}${asciiHost(host)}${encoded(rest)}` : encoded(clean)
}

/** The addresses in a text, each made safe. A sentence's own sign behind one is not of it. */
export const safeLinks = (text: string): string =>
  text.replace(/\bhttps?:\/\/[^\s<>"“”„«»]+/giu, link => {
    const end = link.length - trailing(link)
    return safeLink(link.slice(0, end)) + link.slice(end)
  })

/** How many letters at the end are the sentence's. */
function trailing(link: string): number {
  let count = 0
  while (/[.,;:!?'’‘…]/.test(link.at(-1 - count) ?? '')) count++
  return count
}

const asciiHost = (host: string) =>
  /^[\x21-\x7e]*$/.test(host) ? host : (URL.parse(`http://${host}`)?.host ?? encoded(host))

/** Also the backtick, that the alphabet of GSM has not. */
const encoded = (text: string) => text.replace(/[^\x21-\x5f\x61-\x7e]+/gu, encodeURIComponent)
