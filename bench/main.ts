import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { chartOf, tablesOf, targetsOf } from './report.ts'
import { PARTS, runBench } from './run.ts'

/** `npm run bench`: measures, prints, and keeps what it measured. See README.md beside this file. */

const options = new Command('bench')
  .description('Measures what one machine carries: hosts, Postgres, a CRM and a gateway, all on 127.0.0.1')
  .option('--quick', 'shorter, for a first idea; its figures swing more')
  .option('--only <parts>', `some of ${PARTS.join(', ')}; separated by commas`, text => text.split(','))
  .option('--profile', 'has each host leave a .cpuprofile in the folder too; it is slower for that')
  .option('--out <folder>', 'where result.json and chart.svg are put', 'bench/results')
  .parse()
  .opts<{ quick?: boolean; only?: string[]; profile?: boolean; out: string }>()

const say = (text: string) => process.stdout.write(`${text}\n`)
const result = await runBench({
  quick: options.quick ?? false,
  only: options.only ?? PARTS,
  progress: say,
  profiles: options.profile ? resolve(options.out) : undefined
})
say(tablesOf(result))
say(targetsOf(result))
await mkdir(options.out, { recursive: true })
await writeFile(join(options.out, 'result.json'), `${JSON.stringify(result, undefined, 2)}\n`)
await writeFile(join(options.out, 'chart.svg'), chartOf(result))
say(`kept in ${options.out}: result.json, chart.svg`)
