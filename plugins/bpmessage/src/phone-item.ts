import type { ChatMessage } from 'channel-kit/chat'
import { isBlank } from 'channel-kit/typed'
import { type Draft, draftOf } from './draft.ts'
import { oneLine } from './one-line.ts'
import { type NumberProblem, type PhoneNumber, phoneNumber } from './phone-number.ts'
import { PROFILES, type ProfileName, type Service } from './profile.ts'
import type { Refusal } from './refusal.ts'
import type { PhoneTools } from './settings.ts'

/** A message as AddMessageToLot wants it. Nothing else ever goes on the wire. */
export interface PhoneItem {
  contract: string
  cpfCnpjReceiver: string
  areaCode: string
  phone: string
  text?: string
  idTemplate?: string
  variables?: readonly { key: string; value: unknown }[]
  idServiceType: number | null
  control: boolean
  metaData: string
  idForeignBookBusiness: string
  attachUrl?: string
  attachName?: string
}

export interface PhoneDraft {
  draft: Draft
  item: PhoneItem
  service: Service
}

/** RCS takes all variables of a template under one key. */
const TEMPLATE_VARIABLES = 'variaveis_template'

/** Validates all that the gateway would, since one bad item costs it the whole request. */
export async function phoneItem(
  message: ChatMessage & { id: string },
  tools: PhoneTools
): Promise<PhoneDraft | Refusal> {
  const { settings, translate } = tools
  const { route, connection } = settings
  if (!route.route?.[0]) return { refused: translate('messages', 'No route is chosen in the settings.') }
  const draft = await draftOf(message, tools, 'none')
  if ('refused' in draft) return draft
  const number = phoneNumber(message.contact)
  if (typeof number === 'string') return { refused: numberProblem(number, message.contact, tools) }
  if (draft.attachments.length > 1) return { refused: translate('messages', 'A message takes one file.') }

  const service = (route.service[0] ?? 'sms') as Service
  const content = contentOf(draft, service, tools)
  if ('refused' in content) return content
  const [file] = draft.attachments
  const profile = PROFILES[(connection.profile[0] ?? 'current') as ProfileName]
  return {
    draft,
    service,
    item: {
      contract: draft.contract,
      cpfCnpjReceiver: draft.cpfCnpj,
      ...number,
      ...content,
      idServiceType: profile.services[service],
      control: route.control,
      metaData: JSON.stringify({ source: 'chat-plugin-host', id: message.id }),
      idForeignBookBusiness: route.portfolio.trim(),
      ...(file ? { attachUrl: file.uri, attachName: oneLine(file.name) } : {})
    }
  }
}

function contentOf(
  { text, rcs }: Draft,
  service: Service,
  { settings, translate }: PhoneTools
): Pick<PhoneItem, 'text' | 'idTemplate' | 'variables'> | Refusal {
  if (service !== 'rcs')
    return !isBlank(text) ? { text, ...flat(rcs) } : { refused: translate('messages', 'There is no text.') }
  const idTemplate = rcs?.template ?? settings.message.rcsTemplate?.trim()
  if (!idTemplate)
    return { refused: translate('messages', 'RCS wants a template. Begin the text with /rcs and its id.') }
  const variables = { ...(text ? { text } : {}), ...rcs?.variables }
  return {
    idTemplate,
    ...(Object.keys(variables).length > 0 ? { variables: [{ key: TEMPLATE_VARIABLES, value: variables }] } : {})
  }
}

/** Other services may have templates too, whose variables stand one by one. */
function flat(rcs: Draft['rcs']): Pick<PhoneItem, 'idTemplate' | 'variables'> {
  if (!rcs) return {}
  const variables = Object.entries(rcs.variables).map(([key, value]) => ({ key, value }))
  return { idTemplate: rcs.template, ...(variables.length > 0 ? { variables } : {}) }
}

/** The contact and the contract: a lot has each pair once. */
export const phoneDedupe = ({ contract, areaCode, phone }: Pick<PhoneItem, 'contract'> & PhoneNumber) =>
  `${contract} ${areaCode}${phone}`

function numberProblem(problem: NumberProblem, number: string, { translate }: PhoneTools): string {
  switch (problem) {
    case 'empty':
      return translate('messages', 'The contact has no phone number.')
    case 'foreign':
      return translate('messages', '{number} is no Brazilian number.', { number })
    case 'length':
      return translate('messages', '{number} is not an area code and a number of 8 or 9 digits.', { number })
    case 'area':
      return translate('messages', '{number} has no area code of Brazil.', { number })
    case 'subscriber':
      return translate('messages', '{number} is neither a landline nor a mobile number; a mobile one begins with 9.', {
        number
      })
  }
}
