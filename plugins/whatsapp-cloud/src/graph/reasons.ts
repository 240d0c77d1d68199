import type { Translate } from 'channel-kit/tools'
import type { GraphError } from './errors.ts'

/** Why a message failed, in words for those who sent it, and then in Meta's own. */
export function explain({ code, message, details, trace }: GraphError, translate: Translate): string {
  const plain = PLAIN.get(code)
  const theirs = details || message.replace(/^\(#\d+\)\s*/, '')
  const mark = [code < 0 ? '' : `#${code}`, trace && `trace ${trace}`].filter(Boolean).join(', ')
  if (!plain) return `${theirs || message || 'Error'}${mark && ` (${mark})`}`
  return `${translate('reasons', plain)} (${theirs ? `${mark}: ${theirs}` : mark})`
}

/** Marks a text for the catalogues. */
const word = (_category: 'reasons', text: string) => text

const TOKEN = word('reasons', 'The access token does not work any more')
const PERMISSION = word('reasons', 'The access token lacks a permission')
const BUSY = word('reasons', 'WhatsApp is busy')
const TEMPLATE = word('reasons', 'The parameters do not fit the template')

const PLAIN: ReadonlyMap<number, string> = new Map([
  [0, TOKEN],
  [102, TOKEN],
  [104, TOKEN],
  [190, TOKEN],
  [467, TOKEN],
  [3, PERMISSION],
  [10, PERMISSION],
  [200, PERMISSION],
  [131005, PERMISSION],
  [1, BUSY],
  [2, BUSY],
  [131000, BUSY],
  [131016, BUSY],
  [131057, BUSY],
  [133004, BUSY],
  [33, word('reasons', 'The phone number ID is not known to WhatsApp')],
  [133010, word('reasons', 'The phone number is not registered with WhatsApp')],
  [368, word('reasons', 'WhatsApp has blocked the account for breaking its rules')],
  [131031, word('reasons', 'WhatsApp has locked the account')],
  [131048, word('reasons', 'Too many customers have reported the number as spam')],
  [131037, word('reasons', 'WhatsApp has not approved the display name of the number')],
  [131042, word('reasons', 'WhatsApp has no valid means of payment for the account')],
  [130429, word('reasons', 'Too many messages a second')],
  [131056, word('reasons', 'Too many messages to this customer in a short time')],
  [130472, word('reasons', 'WhatsApp holds back marketing messages to this customer')],
  [131049, word('reasons', 'WhatsApp holds back marketing messages to this customer')],
  [131050, word('reasons', 'The customer does not want marketing messages')],
  [130497, word('reasons', 'WhatsApp does not let this business write to this country')],
  [131021, word('reasons', 'The customer has the same number as the business')],
  [131026, word('reasons', 'The customer cannot get it: not on WhatsApp, an old app, or the business is blocked')],
  [131030, word('reasons', 'A test number may write only to the numbers in its list')],
  [131047, word('reasons', 'The customer has not written for 24 hours: only a template can be sent')],
  [131051, word('reasons', 'WhatsApp does not take this kind of message')],
  [131053, word('reasons', 'WhatsApp does not take this file')],
  [131062, word('reasons', 'This template needs the phone number of the customer')],
  [132000, TEMPLATE],
  [132008, TEMPLATE],
  [132012, TEMPLATE],
  [132018, TEMPLATE],
  [132001, word('reasons', 'There is no such approved template in this language')],
  [132005, word('reasons', 'The text is too long for the template')],
  [132015, word('reasons', 'WhatsApp has paused the template for its quality')],
  [132016, word('reasons', 'WhatsApp has disabled the template for its quality')],
  [137000, word('reasons', 'The customer has another phone now: check who it is')]
])
