import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openSpool } from '../../src/storage/spool.ts'

const NOW = new Date('2026-06-01T12:00:00Z')

async function spool(t: Test, most?: number) {
  const dataDir = t.testdir({})
  const opened = openSpool({ dataDir, floor: 0, now: () => NOW, ...(most === undefined ? {} : { most }) })
  await opened.prepare()
  const files = () => readdir(join(dataDir, 'spool'))
  return { ...opened, dataDir, files }
}

async function* pieces(...all: string[]): AsyncGenerator<Uint8Array> {
  for (const piece of all) yield Buffer.from(piece)
}

t.test('a file on its way is on the disk, for the host alone, until it is disposed of', async t => {
  const { keep, files, dataDir } = await spool(t)
  {
    await using file = await keep(1, pieces('one', ' ', 'two'))
    t.equal(await file.blob.text(), 'one two')
    const [name = ''] = await files()
    t.equal((await stat(join(dataDir, 'spool', name))).mode & 0o777, 0o600)
  }
  t.same(await files(), [])
})

t.test('an account with too much on its way is refused more, and others are not', async t => {
  const { keep, files } = await spool(t, 10)
  const first = await keep(1, pieces('12345678'))
  await t.rejects(keep(1, pieces('123', '4')), { message: /Too many files/ })
  t.equal((await files()).length, 1, 'nothing is left of what was refused')
  await using other = await keep(2, pieces('1234567890'))
  t.equal(other.blob.size, 10)
  await first[Symbol.asyncDispose]()
  await first[Symbol.asyncDispose]()
  await using again = await keep(1, pieces('1234567890'))
  t.equal(again.blob.size, 10, 'what is disposed of twice is given back once')
  await t.rejects(keep(1, pieces('1')), { message: /Too many files/ })
})

t.test('a file that breaks off leaves nothing, and takes no room', async t => {
  const { keep, files } = await spool(t, 10)
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('12345')
    throw new Error('gone')
  }
  await t.rejects(keep(1, broken()), { message: 'gone' })
  t.same(await files(), [])
  await using whole = await keep(1, pieces('1234567890'))
  t.equal(whole.blob.size, 10)
})

t.test('nothing is taken when the disk is nearly full', async t => {
  const opened = openSpool({ dataDir: t.testdir({}), floor: Number.MAX_SAFE_INTEGER, now: () => NOW })
  await opened.prepare()
  await t.rejects(opened.keep(1, pieces('x')), { message: /nearly full/ })
})

t.test('what a host that died left is removed at the next start, and what is on its way stays', async t => {
  const { keep, files, dataDir } = await spool(t)
  await keep(1, pieces('left'))
  const later = (ms: number) => openSpool({ dataDir, floor: 0, now: () => new Date(Date.now() + ms) }).prepare()
  await later(60_000)
  t.equal((await files()).length, 1)
  await later(2 * 3_600_000)
  t.same(await files(), [])
})
