import { type Json, list, parse, record, text } from 'channel-kit/json'
import { lines, type Manner, type Reader, said } from './content.ts'
import { fileOf } from './media.ts'

/** Buttons, list choices and forms of customers. */
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

  nfm_reply: ({ body, response_json }, _manner, message) => {
    const given = answers(typeof response_json === 'object' ? response_json : parse(text(response_json)))
    const own = given.filter(([, value]) => !isFiles(value)).map(([name, value]) => `${name}: ${shown(value)}`)
    const files = given.flatMap(([, value]) => (isFiles(value) ? list(value).map(record) : [])).slice(0, MOST_FILES)
    return said(
      lines(text(body), ...own),
      files.map(file => fileOf({ ...file, filename: file.file_name }, message))
    )
  },

  call_permission_reply: ({ response }, { translate }) => ({
    ...said(
      response === 'accept'
        ? translate('chat', 'The customer allows you to call')
        : translate('chat', 'The customer does not allow you to call')
    ),
    aside: true
  })
}

/** Answers of a form; the address form hides its answers one level down. */
function answers(response: unknown): [name: string, value: unknown][] {
  const { flow_token: _token, values, ...rest } = record(response)
  return Object.entries({ ...rest, ...record(values) })
}

/** A form takes 30. */
const MOST_FILES = 50

/** True for files of a form: photos and documents, by the ids that Meta keeps them under. */
const isFiles = (value: unknown): boolean =>
  list(value).length > 0 &&
  list(value)
    .map(record)
    .every(({ id, mime_type, file_name }) => text(id) !== '' && (text(mime_type) !== '' || text(file_name) !== ''))

function shown(value: unknown): string {
  try {
    return typeof value === 'string' ? text(value) : JSON.stringify(value)
  } catch {
    // Nested too deep to be written down, which no form is.
    return '…'
  }
}

/** A reply of a kind that came after this was written still has a title, as a rule; what asks for one has a text. */
function unknownReply(body: Json, { translate }: Manner) {
  const type = text(body.type)
  const asked = [body.header, body.body, body.footer].map(part => text(record(part).text))
  return said(
    text(record(body[type]).title) ||
      lines(...asked) ||
      translate('chat', '[A message that WhatsApp does not show: {type}]', { type: type || 'interactive' })
  )
}
