import type { AttemptResult, ClaimedMessage } from '../../src/delivery/attempt.ts'

/** Conversations as they should be, in memory: what the database is compared with. */

export type Host = 'a' | 'b'

interface Message {
  id: number
  bulk: boolean
  state: 'waiting' | 'sending' | 'accepted' | 'failed'
  due: number
  attempts: number
  /** A result of before the last replay is not the message's any more. */
  replays: number
}

export interface Talk {
  registrationId: number
  contact: string
  messages: Message[]
}

const isOpen = ({ state }: Message) => state === 'waiting' || state === 'sending'

/** A normal message overtakes bulk ones, but for one that is being sent. */
export function headOf({ messages }: Talk): Message | undefined {
  const [normal, bulk] = [false, true].map(lane => messages.find(one => isOpen(one) && one.bulk === lane))
  return bulk?.state === 'sending' ? bulk : (normal ?? bulk)
}

/** Something normal is in line, though a bulk message that is being sent may be before it. */
const isNormal = ({ messages }: Talk) => messages.some(one => isOpen(one) && !one.bulk)

export function createModel() {
  const talks: Talk[] = []
  const owners = new Map<number, Host>()
  const paused = new Map<number, number>()

  const find = (id: number) => talks.flatMap(({ messages }) => messages).find(one => one.id === id)

  const inNormalLane = ({ id }: { id: number }) =>
    talks.some(talk => isNormal(talk) && talk.messages.some(one => one.id === id))

  /** The heads that a host may take now of a registration. */
  function due(registrationId: number, host: Host, inHand: readonly ClaimedMessage[], now: number): Message[] {
    if (owners.get(registrationId) !== host || (paused.get(registrationId) ?? 0) > now) return []
    const busy = new Set(inHand.map(({ message }) => message.id))
    return talks
      .filter(talk => talk.registrationId === registrationId && !talk.messages.some(({ id }) => busy.has(id)))
      .flatMap(talk => headOf(talk) ?? [])
      .filter(head => head.due <= now)
  }

  /** Notes that a head was taken, or says why it should not have been. */
  function take(heads: readonly Message[], { message, interrupted }: ClaimedMessage): void {
    const head = heads.find(({ id }) => id === message.id)
    if (!head) throw new Error(`message ${message.id} is no head that is due`)
    if (interrupted !== (head.state === 'sending')) throw new Error(`message ${message.id}: interrupted ${interrupted}`)
    if (!interrupted) head.attempts += 1
    head.state = 'sending'
  }

  return {
    talks,
    of: (registrationId: number, contact: string): Talk => {
      const found = talks.find(talk => talk.registrationId === registrationId && talk.contact === contact)
      if (found) return found
      const talk: Talk = { registrationId, contact, messages: [] }
      talks.push(talk)
      return talk
    },
    /** Every message, in the order of the database. */
    all: () => talks.flatMap(({ messages }) => messages).sort((one, other) => one.id - other.id),

    claimed: (registrationId: number, host: Host) => owners.set(registrationId, host),
    freed(host: Host): void {
      for (const [id, owner] of [...owners]) if (owner === host) owners.delete(id)
    },

    /** Throws when a host took what it may not take, or not what it may. */
    taken(
      host: Host,
      ids: readonly number[],
      free: number,
      inHand: readonly ClaimedMessage[],
      taken: readonly ClaimedMessage[],
      now: number
    ) {
      for (const registrationId of ids) {
        const heads = due(registrationId, host, inHand, now)
        const got = taken.filter(one => one.registrationId === registrationId)
        if (got.length !== Math.min(free, heads.length))
          throw new Error(`${host} took ${got.length} of ${heads.length}, and was free for ${free}`)
        const left = heads.filter(({ id }) => !got.some(({ message }) => message.id === id))
        if (left.some(inNormalLane) && got.some(({ message }) => !inNormalLane(message)))
          throw new Error(`${host} took a bulk message before a normal one`)
        for (const one of got) take(heads, one)
      }
    },

    /** An attempt has ended, unless another host has taken the message over: that one has the last word. */
    settled({ claimed: { message, registrationId }, decision: next }: AttemptResult): void {
      const one = find(message.id)
      if (one?.state !== 'sending' || one.attempts !== message.attempts || one.replays !== message.replays) return
      one.state = next.kind === 'accepted' || next.kind === 'failed' ? next.kind : 'waiting'
      if (next.kind === 'again') one.due = next.at.getTime()
      if (next.kind !== 'paused') return
      one.attempts -= 1
      paused.set(registrationId, Math.max(paused.get(registrationId) ?? 0, next.until.getTime()))
    }
  }
}
