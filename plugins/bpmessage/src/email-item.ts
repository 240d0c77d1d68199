import type { ChatMessage, Format } from 'channel-kit/chat'
import { isBlankHtml } from 'channel-kit/html-directives'
import { markdownHtml } from 'channel-kit/markdown'
import { type Draft, draftOf } from './draft.ts'
import { addressOf, isAddress } from './email-address.ts'
import { escaped } from './escape-html.ts'
import { oneLine } from './one-line.ts'
import type { Refusal } from './refusal.ts'
import type { EmailTools } from './settings.ts'

/** A message as AddEmailToLot wants it. Nothing else ever goes on the wire. */
export interface EmailItem {
  contract: string
  cpfCnpjReceiver: string
  from: string
  to: string
  subject: string
  body: string
  control: boolean
  idForeignBookBusiness: string
  attachments?: readonly { fileURL: string; fileName: string; mimeType: string; password: string }[]
}

export interface EmailDraft {
  draft: Draft
  item: EmailItem
}

export async function emailItem(message: ChatMessage, tools: EmailTools): Promise<EmailDraft | Refusal> {
  const { settings, translate } = tools
  const { route, sender } = settings
  if (!route.route?.[0]) return { refused: translate('messages', 'No route is chosen in the settings.') }
  const draft = await draftOf(message, tools, 'html')
  if ('refused' in draft) return draft
  const to = addressOf(message.contact)
  if (!isAddress(to)) return { refused: translate('messages', '"{address}" is no e-mail address.', { address: to }) }
  if (!draft.subject) return { refused: translate('messages', 'The e-mail has no subject.') }
  const body = draft.templated ? draft.text : await bodyOf(draft.text, message.content?.format ?? 'text')
  if (await isBlankHtml(body)) return { refused: translate('messages', 'There is no text.') }

  return {
    draft,
    item: {
      contract: draft.contract,
      cpfCnpjReceiver: draft.cpfCnpj,
      from: sender.from,
      to,
      subject: draft.subject,
      body,
      control: route.control,
      idForeignBookBusiness: route.portfolio.trim(),
      ...(draft.attachments.length > 0 ? { attachments: draft.attachments.map(fileOf) } : {})
    }
  }
}

export const emailDedupe = ({ contract, to }: Pick<EmailItem, 'contract' | 'to'>) => `${contract} ${to.toLowerCase()}`

/** HTML is what the gateway sends. */
async function bodyOf(text: string, format: Format): Promise<string> {
  switch (format) {
    case 'html':
      return text
    case 'markdown':
      // Tags are for HTML; in Markdown they are text.
      return (await markdownHtml(text, { html: 'escaped' })).trim()
    case 'text':
      return escaped(text).replace(/\r\n|\r|\n/g, '<br>\n')
  }
}

const fileOf = ({ uri, name }: Draft['attachments'][number]) => ({
  fileURL: uri,
  fileName: oneLine(name),
  mimeType: TYPES.get(name.slice(name.lastIndexOf('.') + 1).toLowerCase()) ?? 'application/octet-stream',
  password: ''
})

const TYPES = new Map(
  Object.entries({
    csv: 'text/csv',
    doc: 'application/msword',
    docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    gif: 'image/gif',
    html: 'text/html',
    jpeg: 'image/jpeg',
    jpg: 'image/jpeg',
    mp3: 'audio/mpeg',
    mp4: 'video/mp4',
    ogg: 'audio/ogg',
    pdf: 'application/pdf',
    png: 'image/png',
    txt: 'text/plain',
    xls: 'application/vnd.ms-excel',
    xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    zip: 'application/zip'
  })
)
