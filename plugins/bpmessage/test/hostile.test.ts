import t from 'tap'
import { badHeaders } from '../src/api.ts'
import { emailItem } from '../src/email-item.ts'
import { phoneItem } from '../src/phone-item.ts'
import { CPF, gateway, outgoing } from './tools.ts'

/** Texts, names and settings that were made to do harm, or look as if. */

const MOBILE = '+5548999999999'

t.test('names that every object has are names like any other', async t => {
  const { phone, email } = await gateway(t)
  const rcs = phone({ route: { service: ['rcs'] } })
  const made = await phoneItem(outgoing(MOBILE, '/rcs __proto__ __proto__=a constructor=b toString="{contact}"'), rcs)
  t.equal(
    JSON.stringify('item' in made && [made.item.idTemplate, made.item.variables]),
    JSON.stringify([
      '__proto__',
      [{ key: 'variaveis_template', value: JSON.parse(`{"__proto__":"a","constructor":"b","toString":"${MOBILE}"}`) }]
    ])
  )
  t.match(await phoneItem(outgoing(MOBILE, '{contactfield=__proto__|-} {contactfield=constructor|-}'), phone()), {
    item: { text: '- -' }
  })
  t.match(await phoneItem(outgoing(MOBILE, '/template constructor'), phone()), { refused: /There is no template/ })
  for (const name of ['a.constructor', 'a.__proto__', 'toString'])
    t.match(
      await emailItem(
        outgoing('ana@example.com', 'Hi', {
          subject: 'x',
          attachments: [{ name, uri: 'https://example.com/1', type: 'file' }]
        }),
        email()
      ),
      { item: { attachments: [{ fileName: name, mimeType: 'application/octet-stream' }] } },
      name
    )
})

t.test('nothing that is one line can begin another one', async t => {
  const { phone, email } = await gateway(t)
  const subject = 'Bill\r\nBcc: eve@example.com\0\u0085\u2028x'
  t.match(
    await emailItem(
      outgoing('ana@example.com', 'Hi', {
        subject,
        attachments: [{ name: 'a\r\nb.pdf', uri: 'https://example.com/1', type: 'file' }]
      }),
      email()
    ),
    {
      item: {
        subject: 'Bill Bcc: eve@example.com x',
        attachments: [{ fileName: 'a b.pdf', mimeType: 'application/pdf' }]
      }
    }
  )
  t.match(await emailItem(outgoing('ana\0@example.com', 'Hi', { subject: 'x' }), email()), {
    refused: /no e-mail address/
  })
  t.match(await phoneItem(outgoing(MOBILE, 'Hi', { subject }), phone()), {
    draft: { subject: 'Bill Bcc: eve@example.com x' }
  })
})

t.test('what is filled into HTML is text there, and what is filled in is not looked at again', async t => {
  const { email } = await gateway(t)
  const body = async (text: string, format: 'html' | 'text' | 'markdown', more = {}) => {
    const made = await emailItem(
      outgoing('ana@example.com', text, { subject: '<b>A & {contact}', content: { text, format } }),
      email(more)
    )
    return 'item' in made ? made.item.body : made.refused
  }
  t.equal(await body('<p>{subject}</p>', 'html'), '<p>&lt;b&gt;A &amp; {contact}</p>')
  t.equal(
    await body('<p>{contactfield=name|<i>you</i>}</p>', 'html'),
    '<p><i>you</i></p>',
    'a fallback is the text’s own'
  )
  t.equal(await body('{subject}', 'text'), '&lt;b&gt;A &amp; {contact}')
  const templates = { templates: { body: 'bill: <p>{{ text }} {{ who }}</p>' } }
  t.equal(
    await body(`/cpf ${CPF}\n/template bill who="{contact}<"\n<i>{{ 1 }}`, 'html', templates),
    '<p>&lt;i&gt;{{ 1 }} ana@example.com&lt;</p>'
  )
})

t.test('a header that says where a request goes or ends is no setting, nor is a password in an address', async t => {
  const { phone, url, store, settings } = await gateway(t)
  const { default: channel } = await import('../src/channel.ts')
  const connection = (changes: object) => phone({ connection: { ...settings.connection, ...changes } }) as never
  const bad = ['Host: other.example', 'Content-Length: 1', 'transfer-encoding: chunked', 'X: a\u0001b', 'no header']
  const found = await channel.check?.(connection({ headers: [...bad, 'X-Company: 12'].join('\n') }))
  t.same(found?.['connection.headers']?.length, bad.length)
  for (const address of ['http://a:b@127.0.0.1', `${url}?key=1`, `${url}#x`])
    t.match(
      await channel.check?.(connection({ apiUrl: address })),
      { 'connection.apiUrl': [/no password, query/] },
      address
    )
  t.same(await channel.check?.(connection({ headers: ' X-Company: 12 \n' })), {})
  t.match(store.calls, [{ headers: { 'x-company': '12' } }])
})

t.test('what the gateway repeats of a secret is not in what is told of its answer', async t => {
  const { phone, faults } = await gateway(t)
  const { default: channel } = await import('../src/channel.ts')
  const connection = { bearer: 's3cret-bearer', headers: 'bp-password: p4ssword\nX-Company: 12' }
  for (const status of [400, 401, 500])
    for (const body of [{ messages: ['12: s3cret-bearer, p4ssword'] }, '12: s3cret-bearer, p4ssword']) {
      faults.plan('invoice', { kind: 'status', status, body })
      const sent = await channel.send(outgoing(MOBILE, 'Oi'), phone({ connection }) as never)
      t.match('reason' in sent && sent.reason, /12: •••, •••$/)
    }
  faults.plan('invoice', { kind: 'answer', body: 'hello s3cret-bearer' })
  t.match(await channel.send(outgoing(MOBILE, 'Oi'), phone({ connection }) as never), { reason: /hello •••$/ })
})

t.test('what is filled in again and again is refused, and takes no memory', async t => {
  const { phone, email } = await gateway(t)
  const many = '{contactfield=a}'.repeat(2_000)
  const text = `/rcs 1 a=${'x'.repeat(30_000)}\n${many}`
  t.match(await phoneItem(outgoing(MOBILE, text), phone()), { refused: /too long with all that is filled in/ })
  t.match(await emailItem(outgoing('a@example.com', text, { subject: 'x' }), email()), { refused: /too long with all/ })
})

t.test('a header is read at its first colon, however many blanks follow', async t => {
  const line = `x-a:${' '.repeat(60_000)}\u00e9`
  t.same(badHeaders(`X-Company : 12:3\n${line}\nHost: a\nno header\n: a`), [line, 'Host: a', 'no header', ': a'])
  t.equal(badHeaders('x\n'.repeat(1_000)).length, 20, 'the first ones are enough')
})
