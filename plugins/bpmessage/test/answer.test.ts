import t from 'tap'
import { lotIdOf, meaningOf } from '../src/answer.ts'

const answer = (status: number, text = '', retryAfterMs?: number) => {
  let said: unknown
  try {
    said = JSON.parse(text)
  } catch {
    said = undefined
  }
  return meaningOf({ status, said, text, retryAfterMs })
}
const messages = (...all: string[]) => JSON.stringify({ messages: all })

t.test('every answer of the gateway has one meaning', async t => {
  for (const yes of ['true', '"true"', '9001', '"9001"', '{"id":9001}', '{"success":true}', ''])
    t.match(answer(200, yes), { kind: 'yes' }, `200 ${yes}`)
  for (const no of ['false', '"False"', '{"success":false}']) t.match(answer(200, no), { kind: 'no' }, `200 ${no}`)
  t.match(answer(204), { kind: 'unknown' })
  t.match(answer(200, '<html>'), { kind: 'unknown' }, 'a page of somebody in between')
  t.match(answer(200, 'null'), { kind: 'unknown' })

  t.same(answer(400, messages("'Phone' must not be empty.", "'Phone' must not be empty.")), {
    kind: 'bad',
    reason: "'Phone' must not be empty."
  })
  t.same(answer(400, '{"errors":{"[0]":["Cannot deserialize"]}}'), { kind: 'bad', reason: 'Cannot deserialize' })
  t.match(answer(400, messages('Não há rota padrão configurada')), { kind: 'forbidden' })
  t.match(answer(500, messages('Object reference not set to an instance of an object.')), { kind: 'bad' })
  t.match(answer(413), { kind: 'bad' }, 'fewer at a time may do')
  for (const status of [401, 403]) t.match(answer(status), { kind: 'forbidden' })
  for (const status of [301, 404, 405]) t.match(answer(status), { kind: 'lost' })
  for (const status of [408, 500, 503]) t.match(answer(status), { kind: 'later' })
  for (const status of [502, 504]) t.match(answer(status), { kind: 'unknown' }, 'who is in front gave up waiting')
  t.match(answer(429), { kind: 'fast', afterMs: 30_000 })
  t.match(answer(429, '', 5_000), { kind: 'fast', afterMs: 5_000 })
})

t.test('the id of a new lot is found in every shape it comes in', async t => {
  for (const said of [
    9001,
    '9001',
    { id: 9001 },
    { idLot: '9001' },
    { idLotEmail: 9001 },
    { lotId: 9001 },
    { idLote: 9001 }
  ])
    t.equal(lotIdOf(said), '9001')
  for (const said of [true, 0, '', 'lot', {}, { id: null }, [1]]) t.equal(lotIdOf(said), undefined)
})
