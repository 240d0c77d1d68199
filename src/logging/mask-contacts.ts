/**
 * Contacts in lines of the log: phone numbers and addresses of e-mail are masked wherever a text has them, in the reason of a
 * gateway and in a URL as well. A line is JSON, so only its texts are looked at: a time is a number, and stays.
 */

/** Nine to fifteen digits as people write numbers, by themselves: no part of a word, an id with dashes, or an address of IP. */
const PHONE = /(?<![\w-])(?!\d{4}-\d\d-\d\d)(?:\+|%2B)?\(?\d(?:[ ()-]{0,2}\d){8,14}(?![\w-])/gi
const MAIL = /(?<![\w.+-])[\w.+-]+(?:@|%40)(?=[\w-]{1,63}\.)/gi

/** Keys whose value is a contact, whatever it looks like. */
const CONTACT = /^(contacts?|phone|e?mail|recipient|msisdn|wa_?id)$/i
/** Keys whose value is an id that operators look for. */
const ID = /^(ref|crmId|clientId|id|reqId|hostname|selfUri|event)$/

export const maskText = (text: string): string =>
  text.replace(PHONE, whole => `…${whole.slice(-2)}`).replace(MAIL, '…@')

/** A line of the log with its contacts masked. Goes from quote to quote: no regular expression finds texts of JSON in linear time. */
export function maskContacts(line: string): string {
  let masked = ''
  let copied = 0
  let key = ''
  let start = line.indexOf('"')
  while (start >= 0) {
    const end = endOfText(line, start + 1)
    if (end < 0) break
    const text = line.slice(start + 1, end)
    if (line[end + 1] === ':') key = text
    else if (!ID.test(key)) {
      masked += line.slice(copied, start + 1) + (CONTACT.test(key) ? '…' : maskText(text))
      copied = end
    }
    start = line.indexOf('"', end + 1)
  }
  return masked + line.slice(copied)
}

/** The quote that ends a text of JSON; -1: there is none. A quote behind an odd number of backslashes belongs to the text. */
function endOfText(line: string, from: number): number {
  for (let quote = line.indexOf('"', from); quote >= 0; quote = line.indexOf('"', quote + 1)) {
    let slashes = 0
    while (line[quote - 1 - slashes] === '\\') slashes += 1
    if (slashes % 2 === 0) return quote
  }
  return -1
}
