import { eq, isNotNull } from 'drizzle-orm'
import type { Database } from '../../src/postgres/connect.ts'
import { lotItems, lots } from '../../src/postgres/schema/lots.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import type { Gateway, RemoteLot } from '../gateways/gateway.ts'
import type { Journal, LotCall } from '../journal.ts'
import { type Entry, openEntry } from './entry.ts'
import type { Excuses } from './excuses.ts'
import { mayBeLate } from './excuses.ts'

/** Promises about lots, of gateways that take messages so. */

export async function lotsKept(
  { db }: Pick<Database, 'db'>,
  journal: Journal,
  excuses: Excuses,
  gateway: Required<Gateway>['lots']
): Promise<Entry[]> {
  const items = await db
    .select({ message: messages.crmId, state: messages.state, item: lotItems.state, ended: lots.endedAt })
    .from(lotItems)
    .innerJoin(messages, eq(messages.id, lotItems.messageId))
    .innerJoin(lots, eq(lots.id, lotItems.lotId))
    .where(isNotNull(messages.crmId))
  return [inOneLot(items), lotsClosed(journal, excuses, gateway), lotsRight(gateway)]
}

interface Place {
  message: string | null
  /** State of the message, and of its place in the lot. */
  state: string
  item: string
  ended: Date | null
}

/** Nothing is stranded, or in two places. */
function inOneLot(places: readonly Place[]): Entry {
  const entry = openEntry('every message that was gathered was in one lot, which has ended as the message says')
  for (const [id, own] of Map.groupBy(places, ({ message }) => message)) entry.check(problemOf(id, own))
  return entry.close()

  function problemOf(id: string | null, [place, ...more]: readonly Place[]): string | undefined {
    if (!place || more.length > 0) return `${id} is in ${more.length + 1} lots`
    const { state, item, ended } = place
    entry.note(item)
    if (!ended) return `the lot of ${id} has not ended`
    const fits = item === 'alone' || (item === 'accepted') === (state === 'accepted')
    return fits ? undefined : `${id} is ${state}, and ${item} in its lot`
  }
}

/** By what the gateway has. A host closes what it knows to have filled, and opens nothing for nothing. */
function lotsClosed(journal: Journal, excuses: Excuses, gateway: Required<Gateway>['lots']): Entry {
  const entry = openEntry('every lot that was opened was filled, and closed once')
  const calls = Map.groupBy(journal.lotCalls, ({ account, ref }) => `${account.key} ${ref}`)
  for (const lot of gateway.remote()) entry.check(problemOf(lot, calls.get(`${lot.account.key} ${lot.ref}`) ?? []))
  return entry.close()

  function problemOf(lot: RemoteLot, calls: readonly LotCall[]): string | undefined {
    const done = (verb: LotCall['verb']) => calls.filter(call => call.verb === verb)
    const problem = lot.finished ? closed(lot, done('close').length) : left(lot, done)
    return problem && `lot ${lot.ref} of ${lot.account.key} ${problem}`
  }

  function closed({ items }: RemoteLot, times: number): string | undefined {
    entry.note(times > 1 ? 'closed, which was asked again' : 'closed')
    return items === 0 ? 'was closed empty' : undefined
  }

  function left({ items }: RemoteLot, done: (verb: LotCall['verb']) => readonly LotCall[]): string | undefined {
    entry.note(items > 0 ? 'left open, as nobody said that it was filled' : 'left empty')
    if (items > 0) return done('add').some(isKnown) ? `has ${items} messages and was never closed` : undefined
    return done('open').some(isKnown) && done('add').length === 0 ? 'was opened and nothing was put into it' : undefined
  }

  /** The host has heard it, and could write it down. */
  function isKnown(call: LotCall): boolean {
    return call.said === 'accepted' && !excuses.senderKilled(call) && !mayBeLate(call)
  }
}

/** Violations by the simulator's own count, but for what the ledger judges by what was said to whom. */
function lotsRight(gateway: Required<Gateway>['lots']): Entry {
  const entry = openEntry('the gateway was asked for nothing that it never may be')
  for (const _ of gateway.remote()) entry.check(undefined)
  const own = gateway.violations().filter(words => !/^item .* came twice$|^lot \d+ (is empty|has )/.test(words))
  for (const words of own) entry.check(words)
  return entry.close()
}
