import type { Cell, Lookup, LookupTools, Search } from 'channel-kit/channel'
import type { Choices } from 'channel-kit/form'

/** Order statuses to choose from: enough to search in, with two groups. */
const STATUSES: Choices = {
  new: { title: 'New', group: 'Open' },
  accepted: { title: 'Accepted', group: 'Open' },
  packed: { title: 'Packed', group: 'Open' },
  shipped: { title: 'Shipped', group: 'Open' },
  delivered: { title: 'Delivered', group: 'Closed' },
  returned: { title: 'Returned', group: 'Closed' },
  cancelled: { title: 'Cancelled', group: 'Closed' }
}

export async function findStatuses(search: Search, { translate }: Pick<LookupTools, 'translate'>): Promise<Choices> {
  const wanted =
    'keys' in search
      ? (key: string) => search.keys.includes(key)
      : (key: string, title: string) =>
          `${key} ${title} ${translate('settings', title)}`.toLowerCase().includes(search.text.trim().toLowerCase())
  return Object.fromEntries(Object.entries(STATUSES).filter(([key, { title }]) => wanted(key, String(title))))
}

/** The input of a preview, as rows. */
export const table = async ({ dep, context }: Lookup): Promise<readonly Cell[][]> => [
  ['What', 'Value'],
  ...Object.entries(dep as object).map(([name, value]): Cell[] => [`dep ${name}`, cell(value)]),
  ['context', cell(context)],
  ['ragged']
]

/** The same as a text. */
export const note = async ({ dep, context }: Lookup): Promise<string> =>
  [`# Preview`, '', '|What|Value|', '|-|-|', `|dep|${code(dep)}|`, `|context|${code(context)}|`].join('\n')

const cell = (value: unknown): Cell =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value) ? (value as Cell) : JSON.stringify(value)

const code = (value: unknown) => `\`${JSON.stringify(value).replaceAll('|', '\\|').replaceAll('`', "'")}\``
