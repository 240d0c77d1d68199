import t from 'tap'
import { emailItem } from '../src/email-item.ts'
import { phoneItem } from '../src/phone-item.ts'
import type { EmailTools, PhoneTools } from '../src/settings.ts'
import { CPF, lent, outgoing } from './tools.ts'

const COMMON = {
  connection: { apiUrl: 'https://api.example.com', profile: ['current'], timeZone: 'America/Sao_Paulo' },
  route: { service: ['sms'], crmId: 1, portfolio: ' 11002 ', route: ['5018'], control: false },
  lots: { mode: ['auto'], batchSize: 1000, timeWindow: 300, dispatchWindow: 86_400, retryUnknown: false },
  message: { contract: '{contact}', cpfCnpj: CPF },
  sender: { from: 'shop@example.com' }
}
const phone = (changes = {}) => lent(COMMON, changes) as unknown as PhoneTools
const email = (changes = {}) => lent(COMMON, changes) as unknown as EmailTools
const MOBILE = '+55 48 99999-9999'

t.test('a message becomes an item of the fields that the API knows, and of no others', async t => {
  const text = '/contract C-1\n/attach https://example.com/files/May%20bill.pdf\nOi {contactfield=contract}'
  t.same(await phoneItem(outgoing(MOBILE, text), phone()), {
    draft: {
      text: 'Oi C-1',
      templated: false,
      subject: '',
      campaign: '',
      contract: 'C-1',
      cpfCnpj: '52998224725',
      rcs: undefined,
      schedule: undefined,
      attachments: [{ uri: 'https://example.com/files/May%20bill.pdf', name: 'May bill.pdf', type: 'file' }]
    },
    service: 'sms',
    item: {
      contract: 'C-1',
      cpfCnpjReceiver: '52998224725',
      areaCode: '48',
      phone: '999999999',
      text: 'Oi C-1',
      idServiceType: 2,
      control: false,
      metaData: '{"source":"chat-plugin-host","id":"7"}',
      idForeignBookBusiness: '11002',
      attachUrl: 'https://example.com/files/May%20bill.pdf',
      attachName: 'May bill.pdf'
    }
  })
})

t.test('the code of a service is that of the profile', async t => {
  const codes = (profile: string) =>
    Promise.all(
      ['whatsapp', 'sms', 'rcs'].map(async service => {
        const made = await phoneItem(
          outgoing(MOBILE, '/rcs 1\nx'),
          phone({ connection: { profile: [profile] }, route: { service: [service] } })
        )
        return 'item' in made && made.item.idServiceType
      })
    )
  t.same(await codes('current'), [1, 2, 4])
  t.same(await codes('readme-2.0'), [2, 1, 3])
})

t.test('an RCS message names a template and its variables, all under the one key that the API wants', async t => {
  const rcs = phone({ route: { service: ['rcs'] }, message: { rcsTemplate: '55' } })
  t.match(await phoneItem(outgoing(MOBILE, '/rcs 123456 nome="Ana Maria" valor=10'), rcs), {
    item: {
      idTemplate: '123456',
      variables: [{ key: 'variaveis_template', value: { nome: 'Ana Maria', valor: '10' } }]
    }
  })
  t.match(await phoneItem(outgoing(MOBILE, 'Oi'), rcs), {
    item: { idTemplate: '55', variables: [{ value: { text: 'Oi' } }] }
  })
  t.match(await phoneItem(outgoing(MOBILE, 'Oi'), phone({ route: { service: ['rcs'] } })), {
    refused: /RCS wants a template/
  })
})

t.test('what the gateway would refuse is refused first, in words for an agent', async t => {
  const nobody = { message: { cpfCnpj: undefined } }
  const refusals: [string, string, object, RegExp][] = [
    ['+1 212 555 0100', 'Oi', {}, /\+1 212 555 0100 is no Brazilian number/],
    [MOBILE, 'Oi', nobody, /The CPF or CNPJ is missing/],
    [MOBILE, '/cpf 123\nOi', {}, /"123" is no CPF or CNPJ/],
    [MOBILE, `/cpf ${CPF}`, nobody, /There is no text/],
    [MOBILE, 'Oi', { message: { contract: '{contactfield=contract}' } }, /The contract is missing/],
    [MOBILE, 'Oi', { route: { route: [] } }, /No route is chosen/],
    [MOBILE, '/schedule tomorrow\nOi', {}, /\/schedule wants a time to come/],
    [MOBILE, '/schedule 2020-01-01 09:00\nOi', {}, /\/schedule wants a time to come/],
    [MOBILE, '/attach bill.pdf\nOi', {}, /A file is attached by its address/],
    [MOBILE, '/attach https://a.example/1\n/attach https://a.example/2\nOi', {}, /A message takes one file/],
    [MOBILE, '/template late', {}, /There is no template "late"/]
  ]
  for (const [contact, text, changes, reason] of refusals)
    t.match(await phoneItem(outgoing(contact, text), phone(changes)), { refused: reason }, text)
})

t.test('unknown words behind a slash are text', async t => {
  t.match(await phoneItem(outgoing(MOBILE, '/help\n/cpf 1'), phone()), { item: { text: '/help\n/cpf 1' } })
})

t.test('an e-mail is HTML, whatever it was written in', async t => {
  const body = async (text: string, format: 'text' | 'markdown' | 'html', more = {}) => {
    const made = await emailItem(
      outgoing('ana@example.com', text, { subject: 'Bill', content: { text, format } }),
      email(more)
    )
    return 'item' in made ? made.item.body : made.refused
  }
  t.equal(await body('Hi & <b>\nyou', 'text'), 'Hi &amp; &lt;b&gt;<br>\nyou')
  t.equal(await body('**Hi** <script>', 'markdown'), '<p><strong>Hi</strong> &lt;script&gt;</p>')
  t.equal(await body('<p>Hi</p>', 'html'), '<p>Hi</p>')
  const templates = { templates: { body: 'bill: <p>{{ name }}, {{ contact }}</p>', subject: 'bill: For {{ name }}' } }
  t.equal(await body('/template bill name="Ana <3"', 'text', templates), '<p>Ana &lt;3, ana@example.com</p>')
})

t.test('an e-mail has a subject, a recipient and files by their addresses', async t => {
  const made = await emailItem(
    outgoing(' Ana@example.com ', '/campaign May\n/cpf 529.982.247-25\nHi', {
      subject: 'Bill\r\nBcc: x',
      attachments: [{ name: 'bill.pdf', uri: 'https://example.com/1', type: 'file' }]
    }),
    email()
  )
  t.match(made, {
    draft: { campaign: 'May' },
    item: {
      to: 'Ana@example.com',
      from: 'shop@example.com',
      subject: 'Bill Bcc: x',
      attachments: [{ fileURL: 'https://example.com/1', fileName: 'bill.pdf', mimeType: 'application/pdf' }]
    }
  })
  t.match(await emailItem(outgoing('ana@example.com', 'Hi'), email()), { refused: /has no subject/ })
  t.match(await emailItem(outgoing('ana', 'Hi', { subject: 'x' }), email()), { refused: /"ana" is no e-mail address/ })
})

t.test('a template of another service than RCS has its variables one by one', async t => {
  t.match(await phoneItem(outgoing(MOBILE, '/rcs 77 nome=Ana\nOi'), phone({ route: { service: ['whatsapp'] } })), {
    item: { text: 'Oi', idTemplate: '77', variables: [{ key: 'nome', value: 'Ana' }] }
  })
})

t.test('a message whose time came while it waited leaves now', async t => {
  const made = await phoneItem(outgoing(MOBILE, '/schedule 2026-06-16 08:30\nOi'), phone())
  t.match(made, { draft: { schedule: undefined }, item: { text: 'Oi' } }, 'half an hour late')
  t.match(await phoneItem(outgoing(MOBILE, '/schedule 2026-06-16 07:30\nOi'), phone()), { refused: /a time to come/ })
})

t.test('directives in HTML are read and never mailed, and blank HTML is no e-mail', async t => {
  const made = (html: string) =>
    emailItem(outgoing('\u200bana@example.com', '', { subject: 'S', content: { text: html, format: 'html' } }), email())
  for (const html of [
    '<p>/cpf 529.982.247\u201125</p><p>/contract C-77</p><p>Oi &amp; <b>x</b></p>',
    '<p>\u200b/cpf 529.982.247-25<br>/contract C-77<br></p>\n<p>Oi &amp; <b>x</b></p>',
    '/cpf 52998224725\n<b>/contract</b> C-77\n<p>Oi &amp; <b>x</b></p>'
  ])
    t.match(
      await made(html),
      { item: { contract: 'C-77', body: '<p>Oi &amp; <b>x</b></p>', to: 'ana@example.com' } },
      html
    )
  for (const html of ['<p></p>', '<br>', '<p>&nbsp;</p>', '<!-- x -->'])
    t.match(await made(html), { refused: 'There is no text.' }, html)
})

t.test('addresses that no server takes, and area codes that Brazil has not, are refused', async t => {
  const hosts = ['-example.com', '127.0.0.1', 'example.123', `${'a'.repeat(64)}.com`]
  for (const to of ['ana..b@example.com', '.ana@example.com', 'ana.@example.com', ...hosts.map(host => `ana@${host}`)])
    t.match(await emailItem(outgoing(to, 'Oi', { subject: 'S' }), email()), { refused: /no e-mail address/ }, to)
  for (const code of [23, 25, 26, 29, 36, 39, 52, 56, 57, 58, 59, 72, 76, 78])
    t.match(
      await phoneItem(outgoing(`+55 ${code} 98765-4321`, 'Oi'), phone()),
      { refused: /no area code/ },
      String(code)
    )
})

t.test('now is the time of the zone of the settings in a template', async t => {
  const time = () =>
    new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/Sao_Paulo', timeStyle: 'short' }).format(new Date())
  const before = time()
  const made = await phoneItem(
    outgoing(MOBILE, '/template t'),
    phone({ templates: { body: 't: {{ "now" | date: "%H:%M" }}' } })
  )
  t.ok('item' in made && [before, time()].includes(made.item.text ?? ''), JSON.stringify(made))
})

t.test('an address is read without the letters that nobody sees', async t => {
  const attachments = [{ name: 'a.pdf', uri: '\u200bhttps://example.com/a.pdf\ufeff', type: 'file' as const }]
  t.match(await phoneItem(outgoing(MOBILE, 'Oi', { attachments }), phone()), {
    item: { attachUrl: 'https://example.com/a.pdf' }
  })
  t.match(await phoneItem(outgoing(MOBILE, '/attach \u2060https://example.com/b.pdf b\nOi'), phone()), {
    item: { attachUrl: 'https://example.com/b.pdf', attachName: 'b' }
  })
})

t.test(
  'a template of the structure takes its values to the letter, where tokens of the text are filled in',
  async t => {
    const templates = { templates: { body: 'bill: {{ name }}: {{ text }}' } }
    const template = { name: 'bill', parameters: { name: '{contact} | /cpf 1' } }
    const made = await phoneItem(
      outgoing(MOBILE, '/contract C-1\nfor {contactfield=contract}', { template }),
      phone(templates)
    )
    t.match(made, { item: { contract: 'C-1', text: '{contact} | /cpf 1: for C-1' } })
    t.match(await phoneItem(outgoing(MOBILE, '', { template: { name: 'bill' } }), phone(templates)), {
      refused: /needs name/
    })
  }
)
