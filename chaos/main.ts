import { Command, InvalidArgumentError, Option } from 'commander'
import { OWN } from './channel.ts'
import { GATEWAYS } from './gateways/registry.ts'
import { isClean, report } from './report.ts'
import { runChaos } from './run.ts'

/** `npm run chaos`: ends with 1 when a promise was broken. */

const count = (text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1.')
  return value
}

const options = new Command('chaos')
  .description('Breaks everything that can break around two hosts, and draws up a ledger of what they promised')
  .addOption(
    new Option('--channel <name>', 'whose gateway misbehaves')
      .choices(Object.keys(GATEWAYS))
      .default(OWN, 'one of its own')
  )
  .option('--rounds <n>', 'rounds of posting and breaking', count, 5)
  .option('--seconds <n>', 'how long the messages of a round are spread over', count, 10)
  .option('--seed <n>', 'which faults; the same ones again by the same number', count)
  .option('--hosts <n>', 'host processes', count, 2)
  .option('--messages <n>', 'messages to post', count, 5_000)
  .option('--conversations <n>', 'conversations they belong to', count, 300)
  .option('--database-url <url>', 'a Postgres to make a database on; without it one is started, which crashes too')
  .option('--keep', 'leave the folder, with the database, the log of the hosts and the journal')
  .parse()
  .opts<{
    channel: string
    rounds: number
    seconds: number
    seed?: number
    hosts: number
    messages: number
    conversations: number
    databaseUrl?: string
    keep?: boolean
  }>()

/** A turn that fails is over within a second. */
const PUNCTUAL_MS = 3_000

const { seconds, seed = (Date.now() % 1_000_000) + 1, ...wanted } = options
const say = (text: string) => process.stdout.write(`${text}\n`)
say(`seed ${seed}`)
const outcome = await runChaos({ ...wanted, seed, punctualMs: PUNCTUAL_MS, roundMs: seconds * 1_000, progress: say })
say(report(seed, outcome))
process.exitCode = isClean(outcome) ? 0 : 1
