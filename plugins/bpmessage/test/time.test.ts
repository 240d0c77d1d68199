import t from 'tap'
import { isZone, moment, quotaMonth, spoken, zoned } from '../src/time.ts'
import { fillTokens } from '../src/tokens.ts'

const ZONE = 'America/Sao_Paulo'
const AT = new Date('2026-06-16T12:00:00.123Z')

t.test('a time is written as the wall clock of the zone shows it, with its offset', async t => {
  t.equal(zoned(AT, ZONE), '2026-06-16T09:00:00.123-03:00')
  t.equal(zoned(AT, 'UTC'), '2026-06-16T12:00:00.123+00:00')
  t.equal(zoned(AT, 'Asia/Kolkata'), '2026-06-16T17:30:00.123+05:30')
  t.equal(spoken(AT, ZONE), '2026-06-16 09:00:00')
})

t.test('the month of a quota is that of the zone', async t => {
  t.equal(quotaMonth(new Date('2026-07-01T02:59:59Z'), ZONE), '202606')
  t.equal(quotaMonth(new Date('2026-07-01T03:00:00Z'), ZONE), '202607')
})

t.test('a time that an agent wrote is read in the zone, and what is no time is not', async t => {
  t.same(moment('2026-12-31 09:30', ZONE), new Date('2026-12-31T12:30:00Z'))
  t.same(moment('2026-12-31T09:30:15', 'UTC'), new Date('2026-12-31T09:30:15Z'))
  t.same(moment('2026-07-01 09:00', 'Europe/Bratislava'), new Date('2026-07-01T07:00:00Z'))
  t.same(moment('2026\u201112\u201131\u00a009:30\u200b', 'UTC'), new Date('2026-12-31T09:30:00Z'), 'as pasted')
  for (const wrong of ['', 'tomorrow', '2026-02-30 09:00', '2026-12-31 25:00', '31.12.2026 09:30'])
    t.equal(moment(wrong, ZONE), undefined, wrong)
  t.ok(isZone(ZONE))
  t.notOk(isZone('Mars/Base'))
})

t.test('tokens are filled with what is known, and nothing else is touched', async t => {
  const known = {
    contact: '+5511987654321',
    subject: 'May',
    fields: { name: 'Ana', zero: '0', none: '' },
    now: AT,
    timeZone: ZONE
  }
  t.equal(fillTokens('{contact} {subject}', known), '+5511987654321 May')
  t.equal(fillTokens('{contactfield=name} {contactfield=Name|you}', known), 'Ana Ana')
  t.equal(fillTokens('{contactfield=city|your city}, {contactfield=city}.', known), 'your city, .')
  t.equal(fillTokens('{contactfield=none|nobody} {contactfield=zero}', known), 'nobody 0')
  t.equal(fillTokens('{date_now} {timestamp}', known), '2026-06-16 09:00:00 1781611200')
  t.equal(
    fillTokens('{unknown} {{contact}} %41 {constructor} {contactfield=toString|x}', known),
    '{unknown} {+5511987654321} %41 {constructor} x'
  )
})
