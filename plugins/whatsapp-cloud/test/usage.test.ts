import t from 'tap'
import { registered } from './tools.ts'

const business = (use: object) => ({
  'x-business-use-case-usage': JSON.stringify({ 1: [{ type: 'whatsapp', ...use }] })
})
const app = (use: object) => ({ 'x-app-usage': JSON.stringify(use) })

t.test('from 80 percent of what Meta allows on the account slows down, and at all of it it rests', async t => {
  const { gateway, send } = await registered(t)
  for (const [headers, restMs] of [
    [{}, undefined],
    [business({ call_count: 79, total_time: 79.9 }), undefined],
    [business({ call_count: 80 }), 500],
    [business({ total_cputime: 99 }), 10_000],
    [app({ call_count: 1, total_time: 90 }), 5_500],
    [app({ call_count: 100 }), 60_000],
    [business({ call_count: 120, estimated_time_to_regain_access: 7 }), 7 * 60_000],
    [{ 'x-business-use-case-usage': '{"1":7}', 'x-app-usage': 'no JSON' }, undefined]
  ] as const) {
    gateway.state.headers = headers
    const outcome = await send()
    t.match(outcome, { kind: 'accepted' })
    t.equal('restMs' in outcome ? outcome.restMs : undefined, restMs, JSON.stringify(headers))
  }
})
