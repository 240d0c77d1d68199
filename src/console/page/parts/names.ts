import { label, type Words } from 'page-kit/web/words.ts'

/** Words of the API in those of people. */
const NAMES: Readonly<Record<string, string>> = {
  // Lanes.
  normal: label('normal'),
  bulk: label('bulk'),
  // Writers of a line, holders of a conversation, sources of an opt-out.
  customer: label('customer'),
  crm: label('CRM'),
  phone: label("the business's phone"),
  channel: label('channel'),
  note: label('note for the agent'),
  api: label('API'),
  agent: label('agent'),
  keyword: label('word of the customer'),
  gateway: label('gateway'),
  import: label('import'),
  // Counts of the traffic.
  accepted: label('accepted'),
  sent: label('sent'),
  failed: label('failed'),
  received: label('received')
}

/** A word that nobody has put into words is shown as the API has it. */
export const nameIn = (t: Words, word: string): string => (Object.hasOwn(NAMES, word) ? t(NAMES[word] as string) : word)
