import { startSimulator } from 'channel-bpmessage/simulator'
import type { Dice } from '../dice.ts'
import type { Account } from '../journal.ts'
import type { Marks } from '../marks.ts'
import type { Call } from '../server.ts'
import { accountIn, forward, pathIn } from './forward.ts'
import { type Answer, type Behind, type Gateway, json, type Processed, type Sent, unheard } from './gateway.ts'

/** BpMessage by its fake, one for each account. It takes messages in lots or alone, drops no repetition and reports nothing. */

const once = { channel: 'bpmessage', dedupes: false, repeats: false } as const
const again = { channel: 'bpmessage', dedupes: false, repeats: true } as const

export const bpmessage: Behind = {
  kinds: [
    { name: 'auto', ...once },
    { name: 'lot', ...once },
    { name: 'single', ...once },
    // Decided by the settings, and by the operator.
    { name: 'lot-repeats', ...again },
    { name: 'single-insists', ...again, insists: true },
    { name: 'auto-insists', ...again, insists: true }
  ],
  open: openBpMessage
}

/** Small and quick ones, so that a run has many. */
const LOTS = { batchSize: 8, timeWindow: 1 }
const REFUSED = 0.02
const FIRST_NUMBER = 5_511_980_000_000

async function openBpMessage(accounts: readonly Account[], dice: Dice): Promise<Gateway> {
  // A bad item costs its request all the others.
  const refuses = ({ text }: Item) =>
    dice.chance(REFUSED, `refuses ${text}`) ? "'Phone' is not in the correct format." : undefined
  const fakes = new Map(
    await Promise.all(accounts.map(async ({ key }) => [key, await startSimulator({ refuses })] as const))
  )
  const fakeOf = ({ key }: Account) => fakes.get(key) as Fake

  return {
    confirms: false,
    settings(account, front) {
      const { connection, lots, ...rest } = fakeOf(account).settings
      const [mode = ''] = account.key.split('-')
      const retryUnknown = account.key.startsWith('lot-repeats')
      return {
        ...rest,
        connection: { ...connection, apiUrl: `${front}${account.key}` },
        lots: { ...lots, ...LOTS, mode: [mode], retryUnknown }
      }
    },
    contact: index => `+${FIRST_NUMBER + index}`,
    refIn: ref => ref.replace(/\/.*/, ''),

    read(call, marks) {
      const account = accountIn(call.path, accounts)
      return sentOf(call, marks, account, `${fakeOf(account).url}${pathIn(call.path)}`)
    },
    pass(call) {
      const account = accountIn(call.path, accounts)
      return forward(call, `${fakeOf(account).url}${pathIn(call.path)}`, () => 'failed')
    },
    words: {
      throttles: () => ({ ...refusal(429, 'Too many requests', 'not processed'), headers: { 'retry-after': '1' } }),
      busy: () => refusal(503, 'Service unavailable', 'not processed'),
      rejects: () => refusal(400, "'Text' must not be empty.", 'rejected'),
      fails: () => unheard(504)
    },
    lots: {
      remote: () =>
        accounts.flatMap(account =>
          fakeOf(account)
            .lots()
            .map(({ id, items, finished }) => ({ account, ref: String(id), items: items.length, finished }))
        ),
      violations: () => accounts.flatMap(account => fakeOf(account).violations())
    },
    close: () => Promise.all([...fakes.values()].map(fake => fake.close()))
  }
}

type Fake = Awaited<ReturnType<typeof startSimulator>>
type Item = Readonly<Record<string, unknown>>

/** The request of a call; undefined for one that only asks for the routes. */
function sentOf(call: Call, { message, contact, lot: id }: Marks, account: Account, url: string): Sent | undefined {
  const [, endpoint, ref] = /^\/api\/\w+\/(\w+)\/?(\d*)/.exec(pathIn(call.path)) ?? []
  switch (endpoint) {
    case 'CreateLot': {
      const process = async () => opened(await forward(call, url, done('rejected')))
      const lot = { verb: 'open', id } as const
      return { account, name: `open ${account.key} ${id}`, messages: [], lot, spared: ['rejects'], process }
    }
    case 'AddMessageToLot': {
      const messages = itemsIn(call).map(messageOf)
      // An item that was refused with others is tried without them.
      const isAlone = messages.length === 1
      const process = async () => added(await forward(call, url, done(isAlone ? 'rejected' : 'not processed')), ref)
      const lot = { verb: 'add', id, ref: ref as string } as const
      const spared = isAlone ? [] : (['rejects'] as const)
      return { account, name: `add ${messages.map(one => one.id).join(', ')}`, messages, lot, spared, process }
    }
    case 'FinishLot': {
      const process = async () => ({ answer: await forward(call, url, done('rejected')) })
      const lot = { verb: 'close', id, ref: ref as string } as const
      // A gateway that denies having closed a lot cannot be told from one that never will.
      return { account, name: `close ${account.key} ${ref}`, messages: [], lot, spared: ['rejects', 'lies'], process }
    }
    case 'AddMessageInvoice': {
      const [item = {}] = itemsIn(call)
      const process = async () => added(await forward(call, url, done('rejected')), `single-${idOf(item)}`)
      return { account, name: message, messages: [{ id: message, contact }], process }
    }
    default:
      return undefined
  }
}

/** The gateway answers `false` only about a lot that it has closed before. */
const done = (otherwise: Answer['said']) => (status: number) => (status === 200 ? 'accepted' : otherwise)

const opened = (answer: Answer): Processed => (answer.said === 'accepted' ? { answer, ref: answer.body } : { answer })

/** That it has them is all that will ever be known. */
const added = (answer: Answer, ref: string | undefined): Processed =>
  answer.said === 'accepted' && ref
    ? { answer, ref, foreseen: { statuses: ['sent'], replies: [] }, quiet: true }
    : { answer }

const itemsIn = ({ body }: Call) => JSON.parse(body) as Item[]

const messageOf = ({ text, areaCode, phone }: Item) => ({ id: String(text), contact: `+55${areaCode}${phone}` })

const idOf = ({ metaData }: Item) => (JSON.parse(String(metaData)) as { id: string }).id

const refusal = (status: number, message: string, said: Answer['said']): Answer =>
  json(status, { messages: [message] }, said)
