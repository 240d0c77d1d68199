import t from 'tap'
import { bulkWant, countBegun, emptyLane } from '../../src/queue/lanes.ts'

/** A registration with a number of places and no limit by the second, of which all items end before the next turn. */
function served(turns: number, { places, normal, bulk }: { places: number; normal: number; bulk: number }) {
  const lane = emptyLane()
  const begun = { normal: 0, bulk: 0 }
  for (let turn = 0; turn < turns; turn++) {
    const want = bulkWant(lane, { free: places, places, perSecond: undefined })
    // As send_turn deals them out.
    const kept = Math.min(want.least, bulk)
    const normals = Math.min(normal, places - kept)
    const bulks = Math.min(bulk, want.bulk, places - normals)
    for (let one = 0; one < normals; one++) countBegun(lane, false, places)
    for (let one = 0; one < bulks; one++) countBegun(lane, true, places)
    lane.busy = 0
    begun.normal += normals
    begun.bulk += bulks
  }
  return begun
}

t.test('bulk items never take all places of a registration that has some', async t => {
  t.match(served(1, { places: 10, normal: 0, bulk: 100 }), { bulk: 8 })
  t.match(served(1, { places: 1, normal: 0, bulk: 100 }), { bulk: 1 }, 'the only place goes to who waits')
})

t.test('normal items come first, and bulk ones get a twentieth where normal ones would take all', async t => {
  for (const places of [1, 10, 100]) {
    const { normal, bulk } = served(1_000, { places, normal: places, bulk: places })
    const share = bulk / (normal + bulk)
    t.ok(share > 0.04 && share < 0.06, `${share} of ${places} places`)
  }
})

t.test('what is owed to bulk items is bounded, however long none waited', async t => {
  const lane = emptyLane()
  for (let one = 0; one < 100_000; one++) countBegun(lane, false, 100)
  t.match(bulkWant(lane, { free: 100, places: 100, perSecond: undefined }), { bulk: 80, least: 12 })
})

t.test('bulk items take at most four fifths of the rate, and what is in hand counts', async t => {
  const lane = emptyLane()
  t.equal(bulkWant(lane, { free: 50, places: 100, perSecond: 10 }).bulk, 8)
  for (let one = 0; one < 8; one++) countBegun(lane, true, 100)
  t.equal(bulkWant(lane, { free: 50, places: 100, perSecond: 10 }).bulk, 0)
})

t.test('a rate that was left behind by begun bulk items is no debt of the next ones', async t => {
  const lane = emptyLane()
  bulkWant(lane, { free: 50, places: 100, perSecond: 10 })
  for (let one = 0; one < 1_000; one++) countBegun(lane, true, 100)
  t.equal(lane.bucket?.tokens, 0)
})
