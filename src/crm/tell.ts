import type { FastifyBaseLogger } from 'fastify'
import type { Database } from '../database/connect.ts'
import { lockConversations, sleep } from '../database/conversations.ts'
import { addJob, type Jobs } from '../database/jobs.ts'
import type { caller } from './call.ts'
import { type Item, oldest, postpone, settle } from './outbox.ts'
import type { Registrations } from './registrations.ts'

const FIRST_WAIT_MS = 5_000
const LONGEST_WAIT_MS = 15 * 60_000

interface Parts {
  database: Database
  registrations: Pick<Registrations, 'get' | 'archive'>
  call: ReturnType<typeof caller>
  /** The audience and address of a channel; undefined when it is not mounted here. */
  selfUriOf: (channel: string) => string | undefined
  retryMs: number
  now: () => Date
  random: () => number
  log: Pick<FastifyBaseLogger, 'warn' | 'error'>
}

/** Tells the CRM what happened in a conversation, oldest first, until it has to be tried again later. */
export function teller(parts: Parts) {
  const { database, now } = parts
  return async ({ conversation }: Jobs['tell']): Promise<void> => {
    for (;;) {
      const item = await oldest(database.db, conversation)
      const wait = item && (item.dueAt > now() ? item.dueAt : await tell(parts, item))
      if (wait instanceof Date) return addJob(database.db, 'tell', { conversation }, { at: wait })
      // What waits for an archived registration goes on when it registers again.
      if ((!item || wait === 'archived') && (await fallAsleep(database, conversation, wait === 'archived'))) return
    }
  }
}

const fallAsleep = ({ db }: Pick<Database, 'db'>, conversation: number, leaving: boolean): Promise<boolean> =>
  db.transaction(async tx => {
    await lockConversations(tx, [conversation])
    if (!leaving && (await oldest(tx, conversation))) return false
    await sleep(tx, conversation, 'telling')
    return true
  })

/** The time to come back, or that there is none, if the item could not be told. */
async function tell(parts: Parts, item: Item): Promise<Date | 'archived' | undefined> {
  const { database, registrations, log } = parts
  const registration = await registrations.get(item.registrationId)
  const selfUri = registration && parts.selfUriOf(registration.channel)
  if (!registration || !selfUri) return again(parts, item, 'the channel is not mounted')
  if (registration.archived) return 'archived'

  const answer = await parts.call(registration, selfUri, item)
  switch (answer.kind) {
    case 'delivered':
      if (answer.warning)
        log.warn({ item: item.id, registration: registration.id }, `a CRM ${answer.warning}, which counts as delivered`)
      await settle(database.db, item.id, 'delivered', answer.warning)
      return undefined
    case 'stopped':
      log.warn({ item: item.id, registration: registration.id }, `${answer.reason}, so this item is not told again`)
      await settle(database.db, item.id, 'stopped', answer.reason)
      return undefined
    case 'archived':
      await registrations.archive(registration.id)
      return 'archived'
    case 'failed':
      return again(parts, item, answer.reason)
  }
}

async function again(
  { database, retryMs, now, random, log }: Parts,
  item: Item,
  reason: string
): Promise<Date | undefined> {
  if (now().getTime() - item.createdAt.getTime() >= retryMs) {
    log.error(
      { item: item.id, reason },
      'an item was offered to the CRM for as long as LV_PLUGIN_CRM_RETRY says, and is parked'
    )
    await settle(database.db, item.id, 'parked', reason)
    return undefined
  }
  const dueAt = new Date(now().getTime() + backoffMs(item.attempts, random()))
  await postpone(database.db, item.id, dueAt, reason)
  return dueAt
}

/** Doubles from 5 s to 15 min, less up to a quarter by chance, so that a CRM that comes back is not met by all at once. */
export const backoffMs = (failed: number, random: number) =>
  Math.min(FIRST_WAIT_MS * 2 ** Math.min(failed, 20), LONGEST_WAIT_MS) * (1 - random / 4)
