import t from 'tap'
import { isAddress } from '../src/email-address.ts'
import { phoneNumber } from '../src/phone-number.ts'
import { taxpayer } from '../src/taxpayer.ts'

t.test('a number is split into area code and subscriber however it is written', async t => {
  const mobile = { areaCode: '11', phone: '987654321' }
  for (const written of [
    '+55 11 98765-4321',
    '5511987654321',
    '005511987654321',
    '(11) 98765-4321',
    '011 98765 4321',
    '0 15 11 98765 4321',
    '+55 (0) 11 98765-4321',
    '11987654321'
  ])
    t.same(phoneNumber(written), mobile, written)
  t.same(phoneNumber('+55 48 3222-1234'), { areaCode: '48', phone: '32221234' })
  t.same(phoneNumber('55987654321'), { areaCode: '55', phone: '987654321' }, '55 is an area code too')
  t.same(phoneNumber('+5555987654321'), { areaCode: '55', phone: '987654321' })
})

t.test('a number that the gateway would refuse is refused, with what is wrong with it', async t => {
  t.equal(phoneNumber(''), 'empty')
  t.equal(phoneNumber('Ana'), 'empty')
  t.equal(phoneNumber('+1 212 555 0100'), 'foreign')
  t.equal(phoneNumber('0044 20 7946 0000'), 'foreign')
  t.equal(phoneNumber('98765-4321'), 'length')
  t.equal(phoneNumber('+55 11 98765-43210'), 'length')
  t.equal(phoneNumber('10 98765-4321'), 'area')
  t.equal(phoneNumber('11 88765-4321'), 'subscriber', 'nine digits that begin with no 9')
  t.equal(phoneNumber('11 8765-4321'), 'subscriber', 'an old mobile number is not completed')
})

t.test('a CPF or CNPJ is known by its check digits, whatever its punctuation', async t => {
  t.equal(taxpayer('529.982.247-25'), '52998224725')
  t.equal(taxpayer(' 11.222.333/0001-81 '), '11222333000181')
  t.equal(taxpayer('12.ABC.345/01DE-35'), '12ABC34501DE35', 'letters are allowed since 2026')
  for (const written of [
    '529.982.247\u201125',
    '529.982.247\u201325',
    '\u200b52998224725\u200b',
    '５２９.９８２.２４７-２５'
  ])
    t.equal(taxpayer(written), '52998224725', escape(written))
  for (const wrong of ['529.982.247-26', '111.111.111-11', '11.222.333/0001-82', '00000000000000', '123', '', 'abc'])
    t.equal(taxpayer(wrong), undefined, wrong)
})

t.test('an e-mail address is one address and nothing else', async t => {
  for (const good of ['ana@example.com', 'a.b+c@sub.example.com.br', 'josé@exemplo.com']) t.ok(isAddress(good), good)
  for (const bad of ['', 'ana', 'ana@', '@x.com', 'a@b', 'a@b.com, c@d.com', 'Ana <a@b.com>', 'a b@c.com', 'a@b..com'])
    t.notOk(isAddress(bad), bad)
})
