import t from 'tap'
import { contactOf, slovakMobile } from '../src/phone.ts'

t.test('a Slovak mobile number is one number, however it is written', async t => {
  for (const written of [
    '0902333444',
    '0902 333 444',
    '+421902333444',
    '00421902333444',
    '421902333444',
    '902333444',
    '+421 902 333 444',
    '00421 902 333 444',
    '0902/333 444',
    '0902-333-444',
    '0902.333.444',
    '(0902) 333444',
    '+421 (0)902 333 444',
    '+421 (0) 902/333-444',
    '+421\u00a0902\u202f333\u00a0444',
    '\u202a+421902333444\u202c',
    '+421–902–333–444',
    ' 0902333444\n'
  ])
    t.equal(slovakMobile(written), '+421902333444', JSON.stringify(written))
})

t.test('a number of another country, of no mobile, or none at all is not sent to', async t => {
  for (const written of [
    '+420902333444',
    '00420902333444',
    '420902333444',
    'somegibberish',
    '',
    '0',
    '090233344',
    '09023334445',
    '+4219023334445',
    '+421802333444',
    '+421212345678',
    '0212345678',
    '+4210421902333444',
    '++421902333444',
    '8800',
    '0902333444;ext=5',
    '٠٩٠٢٣٣٣٤٤٤'
  ])
    t.equal(slovakMobile(written), undefined, JSON.stringify(written))
})

t.test('a contact is in E.164 where it can be, and a Czech is not taken for a Slovak', async t => {
  for (const [from, contact] of [
    ['+421905000002', '+421905000002'],
    ['0900123456', '+421900123456'],
    ['+420902333444', '+420902333444'],
    ['00420 902 333 444', '+420902333444'],
    ['+421212345678', '+421212345678'],
    ['8877', '8877'],
    [' Mobiletech ', 'Mobiletech']
  ] as const)
    t.equal(contactOf(from), contact, from)
})
