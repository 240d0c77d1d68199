import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import packageJson from '../package.json' with { type: 'json' }
import { testFolder } from './harness.ts'

/** The message on a Node that is too old. That a real one says so too, `.ci/production` tries. */

const ROOT = fileURLToPath(new URL('..', import.meta.url))

for (const script of ['start', 'cli', 'demo'] as const)
  t.test(`npm's script "${script}" says which Node is needed, and how to get it`, async t => {
    const older = join(await testFolder(t), 'older.cjs')
    await writeFile(
      older,
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })"
    )
    const [, command = '', args = ''] = /^exec (\S+) (.*)$/.exec(packageJson.scripts[script]) ?? []
    t.equal(command, 'node')
    const { status, stdout, stderr } = spawnSync(process.execPath, ['-r', older, ...args.split(' ')], {
      cwd: ROOT,
      env: { PATH: process.env.PATH },
      encoding: 'utf8'
    })
    t.same([status, stdout], [1, ''])
    t.match(stderr, /^Node 24 or newer is needed, this is 20\.20\.2: install it from .*nodejs\.org.*npm ci.*\.\n$/)
  })
