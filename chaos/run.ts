import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Database, openDatabase } from '../src/postgres/connect.ts'
import { findRegistrations } from '../src/registrations/list.ts'
import { setRetryUnknown } from '../src/registrations/retry-unknown.ts'
import { makeAccounts, type Registered, registerAccount } from './accounts.ts'
import { API_TOKEN, type ApiClient, createApiClient } from './api-client.ts'
import { OWN } from './channel.ts'
import { createConduct } from './conduct.ts'
import { startCrm } from './crm.ts'
import { createDice } from './dice.ts'
import { type Conversation, createDriver } from './driver.ts'
import { faultsOf, inflict } from './faults.ts'
import { startFront } from './front.ts'
import type { Gateway } from './gateways/gateway.ts'
import { GATEWAYS } from './gateways/registry.ts'
import { startHostile } from './hostile/tenant.ts'
import { startHosts } from './hosts.ts'
import { type End, openJournal } from './journal.ts'
import { bystandersPunctual, hostileEnded } from './ledger/bystanders.ts'
import type { Entry } from './ledger/entry.ts'
import { hostileOpen } from './ledger/rows.ts'
import { databaseOn, ownPostgres } from './postgres.ts'
import { startRelay } from './relay.ts'
import { createReporter } from './reporter.ts'
import { ledgerOf, settled } from './settle.ts'

export interface Wanted {
  /** By its name; the run's own otherwise. */
  channel?: string
  seed: number
  rounds: number
  /** How long a round's messages are spread over. */
  roundMs: number
  hosts: number
  messages: number
  conversations: number
  /** From the 202 to the gateway at most, for those beside the tenant that means harm. */
  punctualMs: number
  /** A server to make a database on; none: one of the run's own, which crashes. */
  databaseUrl?: string | undefined
  /** Leaves the folder, with the database, the hosts' log and the journal. */
  keep?: boolean
  progress: (line: string) => void
}

export interface Outcome {
  ledger: readonly Entry[]
  ends: readonly End[]
  faults: readonly (readonly [string, number])[]
  /** The hosts' log at the level of warnings. */
  complaints: string
}

const ACCOUNTS = 6
const SECRET = 'a secret of the run'
/** Contacts of the API client, apart from those whom the CRM writes to, and its messages to each in a round. */
const BULK_CONVERSATIONS = 24
const BULK_EACH = 5
/** Contacts of the API client that opt out in a round. */
const OPTING_OUT = 4
/** How long the messages are spread over that are posted when nothing but the hostile tenant is wrong any more. */
const CALM_MS = 4_000

/** A run: everything is started, misbehaves by the seed, settles, and is held to the promises. */
export async function runChaos(wanted: Wanted): Promise<Outcome> {
  const { progress, seed } = wanted
  const closing: (() => unknown)[] = []
  const folder = await mkdtemp(join(tmpdir(), 'chat-plugin-host-chaos-'))
  // The server's account has to get through it.
  await chmod(folder, 0o711)
  closing.push(() => (wanted.keep ? progress(`kept: ${folder}`) : rm(folder, { recursive: true, force: true })))

  try {
    const [journal, dice] = [openJournal(), createDice(seed)]
    const conduct = createConduct(dice)
    const { channel = OWN } = wanted
    const behind = GATEWAYS[channel]
    if (!behind)
      throw new Error(`There is no gateway for the channel "${channel}": ${Object.keys(GATEWAYS).join(', ')}`)
    const accounts = makeAccounts(behind.kinds, ACCOUNTS)
    const accountOf = (key: string) => accounts.find(account => account.key === key) as Registered

    const postgres = await (wanted.databaseUrl ? databaseOn(wanted.databaseUrl) : ownPostgres(folder))
    closing.push(postgres.close)
    const relay = await startRelay(postgres.url)
    closing.push(relay.cut)
    const crm = await startCrm({ journal, conduct, dice, accountOf, secret: SECRET })
    closing.push(crm.close)
    const gateway = await behind.open(accounts, dice)
    closing.push(() => gateway.close?.())
    const reporter = createReporter({ journal, conduct, dice, reports: gateway.reports, host: () => hosts.next() })
    closing.push(reporter.close)
    const front = await startFront({ journal, conduct, dice, reporter, gateway })
    closing.push(front.close)
    const variables = { CHAOS_CHANNEL: channel, CONSOLE_TOKEN: API_TOKEN, ...gateway.variables?.(front.url) }
    const hosts = await startHosts(wanted.hosts, { databaseUrl: relay.url, folder, journal, variables })
    closing.push(hosts.close)
    const driver = createDriver({ journal, dice, crm, host: hosts.next })
    closing.push(driver.close)

    for (const account of accounts) {
      const settings = gateway.settings(account, front.url)
      await registerAccount(crm, account, { host: hosts.next(), secret: SECRET, settings })
    }
    await withDatabase(postgres.url, database => letInsist(database, accounts))
    const hostile = await startHostile({ dice, host: hosts.next })
    closing.push(hostile.close)

    const { rounds, roundMs, messages } = wanted
    const all = conversationsOf(accounts, wanted.conversations + BULK_CONVERSATIONS, gateway)
    const conversations = all.slice(BULK_CONVERSATIONS)
    const bulk = all.slice(0, BULK_CONVERSATIONS)
    const ids = await withDatabase(postgres.url, registrationIds)
    const client = createApiClient({ journal, host: hosts.next, registrationOf: key => ids.get(key) ?? 0 })
    closing.push(client.close)
    client.follow()
    const each = Math.max(1, Math.round(messages / conversations.length / rounds))
    for (let round = 1; round <= rounds; round++) {
      const faults = faultsOf(dice, round, wanted.hosts, roundMs)
      progress(`round ${round}: ${faults.map(({ kind, atMs }) => `${kind} at ${atMs} ms`).join(', ') || 'no ends'}`)
      const posting = conversations.map(one => driver.converse(one, (round - 1) * each, each, roundMs))
      const campaign = client.campaign(bulk, (round - 1) * BULK_EACH, BULK_EACH, roundMs)
      const wishes = wishesOf(client, { bulk, conversations, round, roundMs })
      await Promise.all([...posting, campaign, wishes, inflict(faults, { hosts, postgres, relay, journal })])
    }
    conduct.callOff()

    const entries = await withDatabase(postgres.url, async database => {
      const unreported = reporter.pending
      await settled(database, { unreported, progress })
      const posted = journal.posts.length
      await Promise.all(conversations.map(one => driver.converse(one, rounds * each, 1, CALM_MS)))
      const calm = journal.posts.slice(posted)
      await hostile.stop()
      const end = await settled(database, { unreported, progress, andOf: hostileOpen })
      await client.finish()
      return [
        ...(await ledgerOf(database, journal, { ...end, gateway, read: client.events })),
        bystandersPunctual(calm, journal, wanted.punctualMs),
        hostileEnded(hostile, await hostileOpen(database))
      ]
    })
    if (wanted.keep) await writeFile(join(folder, 'journal.json'), JSON.stringify(journal))
    return { ledger: entries, ends: journal.ends, faults: conduct.counts(), complaints: await hosts.complaints() }
  } finally {
    for (const close of closing.reverse()) await close()
  }
}

/** In the middle of a round some contacts opt out, and somebody would write beside the agents. */
async function wishesOf(
  client: ApiClient,
  {
    bulk,
    conversations,
    round,
    roundMs
  }: { bulk: readonly Conversation[]; conversations: readonly Conversation[]; round: number; roundMs: number }
): Promise<void> {
  await delay(roundMs / 2)
  const from = (round - 1) * OPTING_OUT
  await Promise.all([client.suppress(bulk.slice(from, from + OPTING_OUT)), client.interrupt(conversations, round)])
}

/** Registrations by the keys of their accounts. */
async function registrationIds(database: Database): Promise<ReadonlyMap<string, number>> {
  const found = await findRegistrations(database, new Date())
  return new Map(found.map(({ id, pluginId }) => [pluginId, id]))
}

async function withDatabase<Answer>(url: string, use: (database: Database) => Promise<Answer>): Promise<Answer> {
  const database = openDatabase(url, 2)
  try {
    return await use(database)
  } finally {
    await database.close()
  }
}

/** Makes the operator's decision for the accounts that rather have a message twice than not at all. */
async function letInsist(database: Database, accounts: readonly Registered[]): Promise<void> {
  const keys = new Set(accounts.filter(({ insists }) => insists).map(({ key }) => key))
  for (const { id, pluginId } of await findRegistrations(database, new Date()))
    if (keys.has(pluginId)) await setRetryUnknown(database, id, true)
}

const conversationsOf = (accounts: readonly Registered[], count: number, { contact }: Gateway): Conversation[] =>
  Array.from({ length: count }, (_, index) => ({
    account: accounts[index % accounts.length] as Registered,
    contact: contact(index + 1)
  }))
