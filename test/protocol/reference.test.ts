import t from 'tap'
import { referenceOf } from '../../src/protocol/reference.ts'

const plugin = { alias: 'chat', id: '10' }

t.test('a reference is read from texts and numbers alike', async t => {
  const reference = { companyId: '1', alias: 'chat', pluginId: '10' }
  t.same(referenceOf({ cid: '1', plugin }), reference)
  t.same(referenceOf({ cid: 1, plugin: { alias: 'chat', id: 10 } }), reference)
  t.same(referenceOf({ cid: 0, plugin: { alias: 0, id: 0 } }), { companyId: '0', alias: '0', pluginId: '0' })
})

t.test('leading zeros and letters stay, since two texts are two companies', async t => {
  t.match(referenceOf({ cid: '01', plugin: { alias: 'chat', id: 'ten' } }), { companyId: '01', pluginId: 'ten' })
})

t.test('without every part there is no reference', async t => {
  const wrong = [
    {},
    { plugin },
    { cid: '1' },
    { cid: '1', plugin: null },
    { cid: '1', plugin: 'chat' },
    { cid: '1', plugin: ['chat', '10'] },
    { cid: '1', plugin: { alias: 'chat' } },
    { cid: '1', plugin: { id: '10' } },
    { cid: '', plugin },
    { cid: null, plugin },
    { cid: true, plugin },
    { cid: ['1'], plugin },
    { cid: '1', plugin: { ...plugin, id: null } },
    { cid: '1', plugin: { ...plugin, alias: '' } }
  ]
  for (const claims of wrong) t.equal(referenceOf(claims), undefined, JSON.stringify(claims))
})

t.test('a part that cannot be a key or a folder is none', async t => {
  t.ok(referenceOf({ cid: 'x'.repeat(255), plugin }))
  t.equal(referenceOf({ cid: 'x'.repeat(256), plugin }), undefined)
  t.equal(referenceOf({ cid: '1', plugin: { ...plugin, alias: 'a\0b' } }), undefined)
})
