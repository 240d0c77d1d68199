import { type Json, parse, record, text } from 'channel-kit/json'
import { lines, type Manner, type Reader, said } from './said.ts'

/** What customers press, choose and fill in. */
export const readInteractive: Reader = (body, manner, message) => {
  const type = text(body.type)
  const reader = Object.hasOwn(REPLIES, type) ? REPLIES[type] : undefined
  return reader ? reader(record(body[type]), manner, message) : unknownReply(body, manner)
}

export const readButton: Reader = ({ text: label, payload }) => said(text(label) || text(payload))

const readChoice: Reader = ({ title, description, id }) =>
  said([text(title) || text(id), text(description)].filter(Boolean).join(' – '))

const REPLIES: Readonly<Record<string, Reader>> = {
  button_reply: readChoice,
  list_reply: readChoice,

  nfm_reply: ({ body, response_json }) =>
    said(lines(text(body), ...answers(typeof response_json === 'object' ? response_json : parse(text(response_json))))),

  call_permission_reply: ({ response }, { translate }) => ({
    ...said(
      response === 'accept'
        ? translate('chat', 'The customer allows you to call')
        : translate('chat', 'The customer does not allow you to call')
    ),
    aside: true
  })
}

/** What a form was filled in with; the address form hides its answers one level down. */
function answers(response: unknown): string[] {
  const { flow_token: _token, values, ...rest } = record(response)
  return Object.entries({ ...rest, ...record(values) }).map(([name, value]) => `${name}: ${shown(value)}`)
}

function shown(value: unknown): string {
  try {
    return typeof value === 'string' ? text(value) : JSON.stringify(value)
  } catch {
    // Nested too deep to be written down, which no form is.
    return '…'
  }
}

/** A reply of a kind that came after this was written still has a title, as a rule. */
function unknownReply(body: Json, { translate }: Manner) {
  const type = text(body.type)
  const title = text(record(body[type]).title)
  return said(
    title || translate('chat', '[A message that WhatsApp does not show: {type}]', { type: type || 'interactive' })
  )
}
