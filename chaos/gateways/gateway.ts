import type { Status } from 'channel-kit/chat'
import type { Dice } from '../dice.ts'
import type { Account, Exchange, Foreseen, LotVerb } from '../journal.ts'
import type { Marks } from '../marks.ts'
import type { Call } from '../server.ts'

/** A channel's side of a run. */
export interface Behind {
  /** Its accounts are of these kinds, in turn. */
  kinds: readonly Kind[]
  open(accounts: readonly Account[], dice: Dice): Promise<Gateway>
}

/** The gateway of a run, which behaves, and in what words it would not. */
export interface Gateway {
  /** Variables of the hosts. `front`: where they find the gateway. */
  variables?(front: string): Readonly<Record<string, string>>
  settings(account: Account, front: string): object
  /** The contact of a conversation, as the gateway writes it. */
  contact(index: number): string
  /** The request of a host's call; undefined: nothing that may go wrong. */
  read(call: Call, marks: Marks): Sent | undefined
  pass(call: Call): Promise<Answer>
  words: Words
  reports?: Reports
  /** Its statuses name our messages, so that hosts may wait for them instead of being in doubt. */
  confirms: boolean
  /** The gateway's own id of a message, by the ref of the host. */
  refIn?(ref: string): string
  /** The gateway's lots. */
  lots?: { remote(): readonly RemoteLot[]; violations(): readonly string[] }
  close?(): unknown
}

export interface RemoteLot {
  account: Account
  ref: string
  items: number
  finished: boolean
}

/** A kind of account. */
export type Kind = Omit<Account, 'key'> & {
  name: string
  /** Its repeating is decided by its operator and not by its channel or its settings. */
  insists?: true
}

/** A call that carries messages, or is about a lot. */
export interface Sent {
  account: Account
  /** For the dice: what is sent again is called the same. */
  name: string
  messages: readonly { id: string; contact: string }[]
  lot?: { verb: LotVerb; id: string; ref?: string }
  /** Faults that this message is spared, as when it has been accepted before. */
  spared?: readonly ('rejects' | 'lies')[]
  /** Does what is asked for. */
  process(): Promise<Processed>
}

export interface Processed {
  answer: Answer
  ref?: string
  /** The answer announces this. */
  foreseen?: Foreseen
  /** True if the message has been reported on, or never will be. */
  quiet?: boolean
}

export interface Answer {
  status: number
  headers?: Readonly<Record<string, string>>
  body: string
  said: Exchange['said']
}

/** How the gateway says that it does not go well. `ms`: it would rather be called later. */
type Words = Readonly<Record<'throttles' | 'busy' | 'rejects' | 'fails', (ms: number) => Answer>>

/** A webhook, signed and not yet posted. */
export interface Letter {
  headers: Readonly<Record<string, string>>
  body: string
}

export interface Reports {
  /** Statuses of a message that gets through, and of one that does not. */
  steps: { well: readonly Status[]; badly: readonly Status[] }
  status(account: Account, ref: string, status: Status): Promise<Letter>
  /** The webhook of a customer's message. */
  written(account: Account, contact: string, text: string): Promise<Letter>
}

export const json = (status: number, body: unknown, said: Answer['said']): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
  said
})

/** Not in the gateway's words: somebody in front of it does not know either. */
export const unheard = (status: number): Answer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<h1>Sorry</h1>',
  said: 'failed'
})
