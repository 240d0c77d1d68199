import { readHtmlDirectives } from 'channel-kit/html-directives'
import { forAccount, isTooMuchWork, offloaded } from 'channel-kit/offload'
import t from 'tap'
import { broken, busy, cloned, endless, greedy, where } from './works.ts'

/** Long texts are worked on by another process, and what takes too much of it ends. */

const WORKS = new URL('works.ts', import.meta.url).href
const LONG = 'a'.repeat(4_097)

// Work without an end is given 20 s.
t.setTimeout(240_000)

t.test('a long text is worked on by a process that knows nothing of the environment, a short one at once', async t => {
  process.env.OFFLOAD_SECRET = 'a secret'
  const work = offloaded(WORKS, where)
  const long = await work(LONG)
  t.not(long.pid, process.pid)
  t.equal(long.length, 4_097)
  t.notOk(Object.values(long.environment).some(value => value === 'a secret' || value === process.env.PATH))
  t.match(await work('a'), { pid: process.pid, length: 1 })
})

t.test('what work makes comes back as it was', async t => {
  t.same(await offloaded(WORKS, cloned)(LONG), { map: new Map([['length', 4_097]]), nothing: undefined })
})

t.test('work without an end ends, and so does what would take all memory; work goes on afterwards', async t => {
  const others = offloaded(WORKS, where)
  const ending = [endless, greedy, greedy, greedy].map(async work => {
    const error = await Promise.resolve(offloaded<[string], unknown>(WORKS, work)(LONG)).catch(
      (error: unknown) => error
    )
    t.ok(isTooMuchWork(error), work.name)
    t.match(error, { message: 'The text takes too much work to read' })
  })
  await Promise.all(ending)
  t.match(await others(LONG), { length: 4_097 })
})

t.test('an account with many long texts keeps the long text of another waiting for one of them at most', async t => {
  const work = offloaded(WORKS, busy)
  const ended: string[] = []
  const given = (id: number, name: string) =>
    forAccount(id, () => work(LONG, 100)).then(() => {
      ended.push(name)
    })
  const many = Array.from({ length: 12 }, (_, index) => given(1, `many ${index}`))
  const other = given(2, 'other')
  await other
  t.ok(ended.length <= 3, ended.join(', '))
  await Promise.all(many)
  t.equal(ended.length, 13)
})

t.test('an error of the work is the error that it was', async t => {
  await t.rejects(offloaded(WORKS, broken)(LONG), { message: 'broken: 4097' })
})

t.test('the greatest e-mail of the worst HTML is read within the limits', async t => {
  for (const unit of ['<p><b>', '\n', '<b>']) {
    const html = unit.repeat(Math.floor(524_288 / unit.length))
    t.same((await readHtmlDirectives(html, ['template'])).directives, [], unit)
  }
})
