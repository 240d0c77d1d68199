import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { testFolder } from '../harness.ts'
import { cli, cliJson } from './run.ts'

const DAY_S = 86_400

t.test('uploads clean removes files of a certain age, and folders that are empty then', async t => {
  const root = await testFolder(t)
  const old = await files(root, 31, ['1/10/a.png', '1/10/b.pdf', '2/20/c.ogg'])
  await files(root, 29, ['1/11/d.png'])
  const env = { UPLOADS_URL: pathToFileURL(root).href }

  const wanted = await cliJson<{ files: string[] }>(t, ['uploads', 'clean', '--dry-run'], { env })
  t.match(wanted, { dryRun: true, before: /^\d{4}-.*Z$/ })
  t.same(wanted.files.toSorted(), old)
  t.same((await readdir(root)).sort(), ['1', '2'], 'a dry run removes nothing')

  const { code, stdout } = await cli(t, ['uploads', 'clean'], { env })
  t.equal(code, 0)
  t.match(stdout, /\nRemoved 3 files, written before \d{4}-.*Z\.\n$/)
  for (const file of old) t.match(stdout, file)
  t.same(await readdir(root, { recursive: true }), ['1', '1/11', '1/11/d.png'])

  t.match(
    await cliJson(t, ['uploads', 'clean', '--older-than', '4w'], { env }).catch(error => error.message),
    /invalid/
  )
  t.match(await cliJson(t, ['uploads', 'clean', '--older-than', '28d'], { env }), {
    dryRun: false,
    files: { length: 1 }
  })
})

t.test('uploads clean finds the uploads below DATA_DIR, and nothing where there are none yet', async t => {
  const folder = await testFolder(t)
  const env = { DATA_DIR: folder }
  t.same((await cliJson<{ files: string[] }>(t, ['uploads', 'clean'], { env })).files, [])
  const [file] = await files(join(folder, 'uploads'), 1, ['1/10/a.png'])
  t.same((await cliJson<{ files: string[] }>(t, ['uploads', 'clean', '--older-than', '23h'], { env })).files, [file])
})

async function files(root: string, days: number, names: readonly string[]): Promise<string[]> {
  const at = Date.now() / 1_000 - days * DAY_S
  const paths = names.map(name => join(root, name))
  for (const path of paths) {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, 'x')
    await utimes(path, at, at)
  }
  return paths
}
