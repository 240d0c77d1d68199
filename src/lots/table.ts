import type { Cell } from 'channel-kit/channel'
import type { Translate } from 'channel-kit/tools'
import type { Database } from '../postgres/connect.ts'
import { type ListedLot, listLots } from './list.ts'
import type { LotState } from './lot-state.ts'

/** The last lots of a registration, for its settings form. The first row is the head. */

const LAST = 20

export async function lotsTable(
  database: Pick<Database, 'db'>,
  registrationId: number,
  translate: Translate
): Promise<readonly Cell[][]> {
  const rows = await listLots(database, { registrationId }, { limit: LAST })
  return [headOf(translate), ...rows.map(row => cells(row, translate))]
}

const headOf = (translate: Translate): Cell[] => [
  translate('lots', 'Lot'),
  translate('lots', 'Id at the gateway'),
  translate('lots', 'Name'),
  translate('lots', 'State'),
  translate('lots', 'Messages'),
  translate('lots', 'Accepted'),
  translate('lots', 'Not sent'),
  translate('lots', 'Begun'),
  translate('lots', 'Ended'),
  translate('lots', 'Problem')
]

const cells = (lot: ListedLot, translate: Translate): Cell[] => [
  lot.id,
  lot.ref,
  lot.name,
  stateWord(lot.state, translate),
  lot.items,
  (lot.counts.accepted ?? 0) + (lot.counts.alone ?? 0),
  NOT_SENT.reduce((sum, state) => sum + (lot.counts[state] ?? 0), 0),
  time(lot.createdAt),
  time(lot.endedAt),
  lot.reason
]

const NOT_SENT = ['rejected', 'failed', 'unknown', 'cancelled'] as const

const time = (at: Date | null) => at && `${at.toISOString().slice(0, 19)}Z`

function stateWord(state: LotState, translate: Translate): string {
  const words: Record<LotState, string> = {
    collecting: translate('lots', 'gathers'),
    sealed: translate('lots', 'is full'),
    creating: translate('lots', 'is being opened'),
    sending: translate('lots', 'is being sent'),
    finishing: translate('lots', 'is being closed'),
    finished: translate('lots', 'sent'),
    failed: translate('lots', 'failed'),
    unknown: translate('lots', 'in doubt'),
    cancelled: translate('lots', 'cancelled')
  }
  return words[state]
}
