import t, { type Test } from 'tap'
import { gateway } from './tools.ts'

const LOT = {
  name: 'May',
  startDate: '2026-06-16T09:00:00.000-03:00',
  endDate: '2026-06-17T09:00:00.000-03:00',
  user: 'system',
  idQuotaSettings: 1,
  idServiceSettings: 5018
}
const ITEM = {
  contract: 'C-1',
  cpfCnpjReceiver: '52998224725',
  areaCode: '48',
  phone: '999999999',
  text: 'Oi',
  idServiceType: 2,
  control: false,
  metaData: '{"id":"1"}',
  idForeignBookBusiness: '11002'
}

async function fake(t: Test, behaviour = {}) {
  const made = await gateway(t, behaviour)
  const post = async (path: string, body?: unknown) => {
    const response = await fetch(`${made.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    return { status: response.status, said: JSON.parse((await response.text()) || 'null') as unknown }
  }
  return { ...made, post }
}

t.test('a lot is made, filled as a whole or not at all, and finished once', async t => {
  const { post, lots, violations } = await fake(t)
  t.same(await post('/api/Lot/CreateLot', LOT), { status: 200, said: 9001 })
  t.match(violations(), ['lot 9001 is empty'])
  t.match(await post('/api/Lot/AddMessageToLot/9001', [ITEM, { ...ITEM, contract: '', phone: '1' }]), {
    status: 400,
    said: { messages: ["'Contract' must not be empty.", "'Phone' is not in the correct format."] }
  })
  t.equal(lots()[0]?.items.length, 0)
  t.same(await post('/api/Lot/AddMessageToLot/9001', [ITEM]), { status: 200, said: true })
  t.match(violations(), ['lot 9001 has 1 items and was never finished'])
  t.same(await post('/api/Lot/FinishLot/9001'), { status: 200, said: true })
  t.same(await post('/api/Lot/FinishLot/9001'), { status: 200, said: false })
  t.same(violations(), [])
})

t.test('what no caller may do is refused, and remembered', async t => {
  const { post, violations } = await fake(t, { strict: false })
  await post('/api/Lot/CreateLot', LOT)
  await post('/api/Lot/AddMessageToLot/9001', [ITEM, { ...ITEM, _trace: 1 }])
  await post('/api/Lot/FinishLot/9001')
  t.match(await post('/api/Lot/AddMessageToLot/9001', [{ ...ITEM, metaData: '{"id":"2"}' }]), { said: false })
  t.same(violations(), [
    'items were added to lot 9001 after it was finished',
    'item 1 came twice',
    'an internal key was sent to /api/Lot/AddMessageToLot/9001'
  ])
  t.match(await post('/api/Email/AddEmailToLot/9001', []), { status: 500, said: { messages: [/Object reference/] } })
  t.match(await post('/api/Lot/FinishLot/1'), { status: 404 })
})

t.test('it refuses what the API refuses: too much at once, no list, dates in the wrong order, no quota', async t => {
  const { post } = await fake(t)
  await post('/api/Lot/CreateLot', LOT)
  t.match(await post('/api/Lot/AddMessageToLot/9001', Array(5_001).fill(ITEM)), { status: 400 })
  t.match(await post('/api/Lot/AddMessageToLot/9001', { data: [ITEM] }), { status: 400 })
  t.match(await post('/api/Lot/AddMessageToLot/9001', [{ ...ITEM, secret: 1 }]), {
    said: { messages: [/unknown fields/] }
  })
  t.match(await post('/api/Lot/CreateLot', { ...LOT, endDate: LOT.startDate }), { status: 400 })
  t.match(await post('/api/Lot/CreateLot', { ...LOT, idQuotaSettings: 0 }), { said: { messages: [/'0'/] } })
})

t.test('faults come at the call that they were planned for, before or after it is done', async t => {
  const { post, faults, lots, violations } = await fake(t)
  faults.plan('create', { kind: 'status', status: 503 }, { call: 2 })
  faults.plan('add', { kind: 'drop-before' })
  faults.plan('add', { kind: 'drop-after' }, { call: 2 })
  t.match(await post('/api/Lot/CreateLot', LOT), { status: 200 })
  t.match(await post('/api/Lot/CreateLot', LOT), { status: 503 })
  await t.rejects(post('/api/Lot/AddMessageToLot/9001', [ITEM]))
  t.equal(lots()[0]?.items.length, 0)
  await t.rejects(post('/api/Lot/AddMessageToLot/9001', [ITEM]))
  t.equal(lots()[0]?.items.length, 1)
  t.same(violations(), [], 'nobody is held to what he was not told')
})
