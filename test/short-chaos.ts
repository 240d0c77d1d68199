import t from 'tap'
import { isClean, report } from '../chaos/report.ts'
import { runChaos, type Wanted } from '../chaos/run.ts'

/** The short form of `npm run chaos`: hosts and Postgres are killed, Postgres falls silent, the gateway and the CRM misbehave, the promises hold. */

/** Processes have to start, and the work of killed ones has to be taken over. */
const PATIENCE_MS = 300_000

/** Below what a silent gateway holds a turn for, and far above what a machine does that runs two test files at once. */
const PUNCTUAL_MS = 12_000

export function shortChaos(title: string, wanted: Pick<Wanted, 'channel' | 'seed' | 'messages' | 'conversations'>) {
  t.setTimeout(PATIENCE_MS)
  t.test(title, async t => {
    const outcome = await runChaos({
      rounds: 1,
      roundMs: 6_000,
      hosts: 2,
      punctualMs: PUNCTUAL_MS,
      ...wanted,
      progress: () => {}
    })

    for (const { promise, checked, broken } of outcome.ledger) {
      t.same(broken, [], promise)
      t.ok(checked > 0, `held to something: ${promise}`)
    }
    const ends = outcome.ends.map(({ what, how }) => `${what.replace(/ .*/, '')} ${how}`)
    for (const end of ['host killed', 'postgres killed', 'postgres silent', 'host stopped'])
      t.ok(ends.includes(end), end)
    if (!isClean(outcome)) t.comment(report(wanted.seed, outcome))
  })
}
