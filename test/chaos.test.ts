import t from 'tap'
import { isClean, report } from '../chaos/report.ts'
import { runChaos } from '../chaos/run.ts'

/** The short form of `npm run chaos`: hosts and Postgres are killed, the gateway and the CRM misbehave, the promises hold. */

const SEED = 20
/** It waits for processes to start and for the work of killed ones to be taken over. */
const PATIENCE_MS = 300_000

t.setTimeout(PATIENCE_MS)

t.test(
  'through kills, crashes and bad neighbours nothing is lost, reordered, or repeated without a reason',
  async t => {
    const wanted = { seed: SEED, rounds: 1, roundMs: 6_000, hosts: 2, messages: 400, conversations: 60 }
    const outcome = await runChaos({ ...wanted, progress: () => {} })

    for (const { promise, checked, broken } of outcome.ledger) {
      t.same(broken, [], promise)
      t.ok(checked > 0, `held to something: ${promise}`)
    }
    const ends = outcome.ends.map(({ what, how }) => `${what.replace(/ .*/, '')} ${how}`)
    for (const end of ['host killed', 'postgres killed', 'host stopped']) t.ok(ends.includes(end), end)
    if (!isClean(outcome)) t.comment(report(SEED, outcome))
  }
)
