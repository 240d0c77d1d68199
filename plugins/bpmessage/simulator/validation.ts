import type { Kind, Profile } from '../src/profile.ts'
import type { Item } from './store.ts'

/** Refusals of the gateway, in its words. */

const MOST_ITEMS = 5_000

/** Undefined: nothing is wrong. A lot's own fields. */
export function lotProblems(kind: Kind, body: unknown): string[] {
  const lot = asItem(body)
  const problems = [
    ...empty(lot, { name: 'Name', startDate: 'Start Date', endDate: 'End Date', user: 'User' }),
    ...(Number(lot.idServiceSettings) > 0 ? [] : ["'Id Service Settings' must not be equal to '0'"])
  ]
  if (!(Date.parse(String(lot.endDate)) > Date.parse(String(lot.startDate))))
    problems.push('endDate must be after startDate')
  if (kind === 'phone')
    return Number(lot.idQuotaSettings) > 0 ? problems : [...problems, "'Id Quota Settings' must not be equal to '0'"]
  if (!(Number(lot.crmId) > 0)) problems.push("'Crm Id' must not be equal to '0'")
  return [...problems, ...empty(lot, { bookBusinessForeignId: 'Book Business Foreign Id' })]
}

/** All of a request is refused for one bad item, and nobody says which. */
export function itemProblems(kind: Kind, items: unknown, profile: Profile, alone: boolean): string[] {
  if (!Array.isArray(items))
    return ['Cannot deserialize the current JSON object because the type requires a JSON array']
  if (items.length === 0 || items.length > MOST_ITEMS) return [`A request has 1 to ${MOST_ITEMS} items`]
  return [
    ...new Set(
      items.flatMap(one =>
        kind === 'phone' ? phoneProblems(asItem(one), profile, alone) : emailProblems(asItem(one), alone)
      )
    )
  ]
}

function phoneProblems(item: Item, { services }: Profile, alone: boolean): string[] {
  const required = {
    contract: 'Contract',
    cpfCnpjReceiver: 'Cpf Cnpj Receiver',
    areaCode: 'Area Code',
    phone: 'Phone',
    metaData: 'Meta Data',
    ...(Number(item.idServiceType) === services.rcs ? { idTemplate: 'Id Template' } : { text: 'Text' }),
    ...accountOf(alone)
  }
  const known = Object.values(services).includes(Number(item.idServiceType))
    ? []
    : ["'Id Service Type' has a range of values which does not include it."]
  const digits =
    /^\d{2}$/.test(String(item.areaCode)) && /^\d{8,9}$/.test(String(item.phone))
      ? []
      : ["'Phone' is not in the correct format."]
  return [...empty(item, required), ...known, ...digits]
}

const emailProblems = (item: Item, alone: boolean): string[] => [
  ...empty(item, {
    contract: 'Contract',
    cpfCnpjReceiver: 'Cpf Cnpj Receiver',
    from: 'From',
    to: 'To',
    subject: 'Subject',
    body: 'Body',
    ...accountOf(alone)
  }),
  ...(/^\S+@\S+$/.test(String(item.to)) ? [] : ["'To' is not a valid email address."])
]

const accountOf = (alone: boolean) =>
  alone ? { bookBusinessForeignId: 'Book Business Foreign Id' } : { idForeignBookBusiness: 'Id Foreign Book Business' }

const empty = (item: Item, required: Readonly<Record<string, string>>): string[] =>
  Object.entries(required)
    .filter(([field]) => String(item[field] ?? '').trim() === '')
    .map(([, title]) => `'${title}' must not be empty.`)

export const asItem = (value: unknown): Item =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Item) : {}
