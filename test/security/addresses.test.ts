import { neverSent } from 'channel-kit/network'
import t from 'tap'
import { openOutbound } from '../../src/http-client/address-policy.ts'

/** The address policy, by every registry of special addresses and every way to write one of IPv4 in IPv6. */

const REFUSED: Readonly<Record<string, string>> = {
  '[::7f00:1]': 'compatible',
  '[::808:808]': 'compatible, of a public address',
  '[::ffff:7f00:1]': 'mapped',
  '[::ffff:808:808]': 'mapped, of a public address',
  '[::ffff:0:7f00:1]': 'translated',
  '[64:ff9b::7f00:1]': 'NAT64',
  '[64:ff9b:1::7f00:1]': 'NAT64 of a network of its own',
  '[2002:7f00:1::1]': '6to4',
  '[2001:0:7f00:1::1]': 'Teredo',
  '[2606:4700::5efe:7f00:1]': 'ISATAP',
  '[2606:4700::200:5efe:a00:1]': 'ISATAP, of a unique address',
  '[2606:4700:1:2:0:5efe:a00:1]': 'ISATAP below a long prefix',
  '[100::1]': 'discarded',
  '[100:0:0:1::1]': 'dummy',
  '[2001:2::1]': 'benchmarks',
  '[2001:20::1]': 'ORCHID',
  '[2001:db8::1]': 'documentation',
  '[3fff::1]': 'documentation',
  '[3fff:fff::1]': 'documentation',
  '[2620:4f:8000::1]': 'AS112',
  '[3ffe::1]': '6bone',
  '[5f00::1]': 'segment routing',
  '[fc00::1]': 'unique local',
  '[fdff::1]': 'unique local',
  '[fe80::1]': 'link local',
  '[fec0::1]': 'site local',
  '[ff0e::1]': 'multicast',
  '[4000::1]': 'not given to anybody',
  '192.0.0.170': 'IETF',
  '192.31.196.1': 'AS112',
  '192.52.193.1': 'AMT',
  '192.175.48.1': 'AS112',
  '192.88.99.1': '6to4 relays',
  '198.19.255.255': 'benchmarks',
  '203.0.113.9': 'documentation',
  '240.0.0.1': 'reserved'
}

/** A call to them is begun, whatever becomes of it. */
const PUBLIC = ['1.1.1.1', '[2606:4700:4700::1111]', '[2606:4700::1:5efe:808:808]', '[2a00:1450::5eff:1]']

const refusal = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => error
  )

t.test('no special address is called, nor one of IPv4 in any form of IPv6', async t => {
  const outbound = openOutbound([])
  t.teardown(outbound.close)
  for (const [host, what] of Object.entries(REFUSED)) {
    const error = await refusal(outbound.fetch(`http://${host}:9/`, { signal: AbortSignal.timeout(300) }))
    t.match(error, { cause: { code: 'OUTBOUND_FORBIDDEN' } }, `${host}, ${what}`)
    t.ok(neverSent(error))
  }
})

t.test('a public address is not taken for a special one', async t => {
  const outbound = openOutbound([])
  t.teardown(outbound.close)
  for (const host of PUBLIC) {
    const error = await refusal(outbound.fetch(`http://${host}:9/`, { signal: AbortSignal.timeout(100) }))
    t.notMatch(error, { cause: { code: 'OUTBOUND_FORBIDDEN' } }, host)
  }
})
