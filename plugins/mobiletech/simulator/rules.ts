import type { Fields, Parsed } from './documents.ts'

/** Rules for a `send`. The simulator is stricter than the real gateway is known to be. */

const ELEMENTS = [
  'serv_id',
  'project_id',
  'rcv_msg_id',
  'from',
  'to',
  'billkey',
  'content',
  'content_coding',
  'esm',
  'dcs',
  'expiration',
  'operator_type'
]

/** Field: what it has to look like. */
const PATTERNS: Readonly<Record<string, RegExp>> = {
  serv_id: /^\d+$/,
  from: /^\d+$/,
  to: /^\+421\d{9}$/,
  billkey: /^[A-Z]{2}\d{2}$/,
  content: /^[\s\S]{1,160}$/u,
  content_coding: /^(text|base64)$/,
  esm: /^\d+$/,
  dcs: /^\d+$/,
  expiration: /^\d+$/,
  operator_type: /^[TO2S]$/
}

interface Call {
  contentType: string
  document: Parsed | undefined
}

/** `projects`: by the id of a message that was delivered to us. Undefined when there is nothing to object to. */
export function objection({ contentType, document }: Call, projects: ReadonlyMap<string, string>): string | undefined {
  if (!contentType.startsWith('text/xml')) return 'the content type is not text/xml'
  if (document?.root !== 'message') return 'there is no message'
  if (document.command !== 'send') return 'the command is not send'
  const { fields } = document
  const missing = ELEMENTS.find(element => fields[element] === undefined)
  if (missing) return `${missing} is missing`
  const [wrong] = Object.entries(PATTERNS).find(([element, pattern]) => !pattern.test(fields[element] ?? '')) ?? []
  return wrong ? `${wrong} is wrong` : answerObjection(fields, projects)
}

function answerObjection({ rcv_msg_id: id = '', project_id: project }: Fields, projects: ReadonlyMap<string, string>) {
  if (id === '') return project === '' ? undefined : 'a push has no project_id'
  const wanted = projects.get(id)
  if (wanted === undefined) return 'rcv_msg_id is no message of ours'
  return wanted === project ? undefined : 'project_id is not that of the message'
}
