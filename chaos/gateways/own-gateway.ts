import type { Status } from 'channel-kit/chat'
import type { GatewayEvent } from 'channel-kit/event'
import { type GatewayAnswer, incomingEvent, SIGNATURE, sign } from '../channel.ts'
import type { Dice } from '../dice.ts'
import type { Account, Foreseen } from '../journal.ts'
import { accountIn } from './forward.ts'
import { type Behind, type Gateway, json, type Letter, type Processed } from './gateway.ts'

/** The run's own gateway: some accounts of which drop repetitions, some do not, and some repeat anyhow. */

const SECRET = 'a secret of the gateway'
const FORESEEN: readonly Status[] = ['sent', 'delivered']

export const own: Behind = {
  kinds: [
    { name: 'dedupes', channel: 'dedupes', dedupes: true, repeats: true },
    { name: 'once', channel: 'once', dedupes: false, repeats: false },
    { name: 'insists', channel: 'once', dedupes: false, repeats: true, insists: true }
  ],
  open: async (accounts, dice) => openOwn(accounts, dice)
}

function openOwn(accounts: readonly Account[], dice: Dice): Gateway {
  const processed = new Map<string, string>()
  let refs = 0

  const letter = (event: GatewayEvent): Letter => {
    const body = JSON.stringify([event])
    return { headers: { 'content-type': 'application/json', [SIGNATURE]: sign(SECRET, body) }, body }
  }

  function take(id: string, known: string | undefined): Processed {
    refs += known ? 0 : 1
    const ref = known ?? `ref-${refs}`
    const foreseen: Foreseen | undefined = dice.chance(0.1, `foreseen ${id}`)
      ? { statuses: FORESEEN, replies: [`foreseen ${id}`] }
      : undefined
    processed.set(id, ref)
    const answer = json(200, say({ kind: 'accepted', ref, ...(foreseen ? { foreseen } : {}) }), 'accepted')
    return { answer, ref, ...(foreseen ? { foreseen } : {}), quiet: known !== undefined || foreseen !== undefined }
  }

  return {
    confirms: false,
    settings: ({ key }, front) => ({ main: { url: `${front}${key}/`, secret: SECRET } }),
    contact: index => `contact ${index}`,
    read({ path }, { message: id, contact }) {
      const account = accountIn(path, accounts)
      const known = account.dedupes ? processed.get(id) : undefined
      // A message that was accepted is not rejected when it comes again.
      const spared = known ? (['rejects'] as const) : []
      return { account, name: id, messages: [{ id, contact }], spared, process: async () => take(id, known) }
    },
    pass: async () => json(404, {}, 'failed'),
    words: {
      throttles: afterMs => json(429, say({ kind: 'throttled', afterMs }), 'not processed'),
      busy: afterMs => json(429, say({ kind: 'busy', afterMs }), 'not processed'),
      rejects: () => json(422, say({ kind: 'rejected' }), 'rejected'),
      fails: () => json(500, {}, 'failed')
    },
    reports: {
      steps: { well: ['sent', 'delivered', 'read'], badly: ['sent', 'error'] },
      status: async (_account, ref, status) => letter({ kind: 'status', ref, status }),
      written: async (_account, contact, text) => letter(incomingEvent(contact, text))
    }
  }
}

const say = (answer: GatewayAnswer) => answer
