/**
 * Contacts in lines of the log: phone numbers and addresses of e-mail are masked wherever a text has them, in the reason of a
 * gateway and in a URL as well. A line is JSON, so only its texts are looked at: a time is a number, and stays.
 */

/** Nine to fifteen digits as people write numbers, by themselves: no part of a word, an id with dashes, or an address of IP. */
const PHONE = /(?<![\w-])(?!\d{4}-\d\d-\d\d)(?:\+|%2B)?\(?\d(?:[ ()-]{0,2}\d){8,14}(?![\w-])/gi
const MAIL = /[\w.+-]{1,64}(?:@|%40)(?=[\w-]{1,63}\.)/gi

/** A text of JSON, and the colon behind it where it is a key. */
const TEXT = /"((?:[^"\\]|\\.)*)"(:)?/g

/** Keys whose value is a contact, whatever it looks like. */
const CONTACT = /^(contacts?|phone|e?mail|recipient|msisdn|wa_?id)$/i
/** Keys whose value is an id that operators look for. */
const ID = /^(ref|crmId|clientId|id|reqId|hostname|selfUri|event)$/

export const maskText = (text: string): string =>
  text.replace(PHONE, whole => `…${whole.slice(-2)}`).replace(MAIL, '…@')

/** A line of the log with its contacts masked. */
export function maskContacts(line: string): string {
  let key = ''
  return line.replace(TEXT, (whole, text: string, colon: string | undefined) => {
    if (colon) {
      key = text
      return whole
    }
    if (ID.test(key)) return whole
    return CONTACT.test(key) ? '"…"' : `"${maskText(text)}"`
  })
}
