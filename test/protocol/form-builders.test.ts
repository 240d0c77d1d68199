import { type Choices, form, group, integer, listOfEnum, string } from 'channel-kit/form'
import t from 'tap'
import { type TObject, Type } from 'typebox'
import { formProblem } from '../../src/protocol/form.ts'

const choose = (values: unknown) => () => listOfEnum({ title: 'T', values: values as Choices })

t.test('a choice is a map with a title and a group, both scalar, else the list cannot be made', async t => {
  const wrong: [unknown, string][] = [
    [{ 0: 'zero' }, 'No item info (title & group)'],
    [{ 0: null }, 'No item info (title & group)'],
    [{ 0: { group: 'group' } }, 'No item title'],
    [{ 0: { title: null, group: 'group' } }, 'No item title'],
    [{ 0: { title: 'zero' } }, 'No item group'],
    [{ 0: { title: 'zero', group: null } }, 'No item group'],
    [{ 0: { title: [], group: 'group' } }, 'Title is not scalar'],
    [{ 0: { title: 'zero', group: [] } }, 'Group is not scalar'],
    [{ '': { 0: 'zero', 1: 'one' } }, 'No item title']
  ]
  for (const [values, problem] of wrong) {
    t.throws(choose(values), { message: new RegExp(`^${RegExp.escape(problem)}`) }, problem)
    t.throws(
      choose(() => values),
      { message: new RegExp(`^${RegExp.escape(problem)}`) },
      `${problem}, computed`
    )
  }
})

t.test('titles and groups may be empty, numbers and booleans', async t => {
  for (const scalar of ['', 0, 1.5, false, true])
    t.doesNotThrow(choose({ a: { title: scalar, group: scalar } }), String(scalar))
})

t.test('computed choices are computed once', async t => {
  let calls = 0
  listOfEnum({
    title: 'T',
    values: () => {
      calls += 1
      return { a: { title: 'A', group: 'G' } }
    }
  })
  t.equal(calls, 1)
})

const fields = { use: integer({ title: 'Use' }), caption: string({ title: 'Caption' }) }
const depending = (dependencies: Record<string, string[]>) => () => group({ title: 'G', dependencies }, fields)

t.test('a dependency must name fields of its own group', async t => {
  t.throws(depending({ abc: ['def'] }), { message: 'Invalid field name "abc" in dependency key' })
  t.throws(depending({ use: ['def'] }), { message: 'Invalid dependency "def" for "use"' })
  t.throws(depending({ use: ['caption', 'def'] }), { message: 'Invalid dependency "def" for "use"' })
  t.doesNotThrow(depending({ caption: ['use'] }))
})

t.test('a form made with the builders can be mounted, also one without fields', async t => {
  t.equal(formProblem(form({ title: 'F', button: 'B' }, { g: group({ title: 'G' }, fields) })), undefined)
  t.equal(formProblem(form({ title: 'F', button: 'B' }, {})), undefined)
})

t.test('settings made without the builders are named when the channel is mounted', async t => {
  const label = { title: 'F', button: 'B' }
  const wrong: [TObject, RegExp][] = [
    [Type.Object({}), /not made with form\(\)/],
    [form({ title: '', button: 'B' }, {}), /not made with form\(\)/],
    [form(label, { g: Type.Object({}) }), /group "g"/],
    [form(label, { g: group({ title: '' }, {}) }), /group "g"/],
    [form(label, { g: group({ title: 'G' }, { f: Type.String({ title: 'F' }) }) }), /field "g\.f"/],
    [form(label, { g: group({ title: 'G' }, { f: string({ title: '' }) }) }), /field "g\.f"/]
  ]
  for (const [settings, problem] of wrong) t.match(formProblem(settings), problem)
})
