import type { Json } from 'channel-kit/json'
import t from 'tap'
import { graphFault } from '../simulator/faults.ts'
import { storage } from './samples.ts'
import { eventsIn, registered } from './tools.ts'

const template = (name: string, components: readonly Json[], more: Json = {}) => ({
  name,
  language: 'en_US',
  status: 'APPROVED',
  category: 'UTILITY',
  parameter_format: 'POSITIONAL',
  components,
  ...more
})
const body = (text: string) => ({ type: 'BODY', text })
const header = (format: string, text = '') => ({ type: 'HEADER', format, text })
const buttons = (...all: Json[]) => ({ type: 'BUTTONS', buttons: all })

const TEMPLATES = [
  template('plain', [body('Hello')]),
  template('order', [body('{{1}}, your order {{2}} is on its way, {{1}}')]),
  template('named', [body('{{first_name}}: {{total}}')], { parameter_format: 'NAMED' }),
  template('headed', [
    header('TEXT', 'For {{1}}'),
    body('About {{1}}'),
    buttons({ type: 'QUICK_REPLY' }, { type: 'URL', url: 'https://e.com/{{1}}' })
  ]),
  template('coupon', [body('Take it'), buttons({ type: 'URL', url: 'https://e.com' }, { type: 'COPY_CODE' })]),
  template('code', [body('{{1}} is your code'), buttons({ type: 'OTP' })], { category: 'AUTHENTICATION' }),
  template('picture', [header('IMAGE'), body('Look, {{1}}')]),
  template('paper', [header('DOCUMENT'), body('Read')]),
  template('film', [header('VIDEO'), body('See')]),
  template('place', [header('LOCATION'), body('Come')]),
  template('paused', [body('Hello')], { status: 'PAUSED' }),
  template('abroad', [body('Ahoj')], { language: 'sk' }),
  template('abroad', [body('Hallo')], { language: 'de' })
]

const command = (text: string, format: 'text' | 'markdown' | 'html' = 'text') => ({ content: { text, format } })

t.test('an agent names a template and its parameters', async t => {
  const { gateway, send } = await registered(t, { state: { templates: TEMPLATES } })
  const texts = (...all: string[]) => all.map(text => ({ type: 'text', text }))
  for (const [text, components] of [
    ['/template plain en_US', undefined],
    ['/template plain en-US', undefined],
    ['/Template plain en_US', undefined],
    ['/template order en_US | Eva  Malá | "a=b"', [{ type: 'body', parameters: texts('Eva Malá', 'a=b') }]],
    [
      '/template named en_US | total=5 € | first_name=Eva',
      [
        {
          type: 'body',
          parameters: [
            { type: 'text', parameter_name: 'first_name', text: 'Eva' },
            { type: 'text', parameter_name: 'total', text: '5 €' }
          ]
        }
      ]
    ],
    [
      '/template named en_US | Eva | total=5',
      [
        {
          type: 'body',
          parameters: [
            { parameter_name: 'first_name', text: 'Eva' },
            { parameter_name: 'total', text: '5' }
          ]
        }
      ]
    ],
    [
      '/template headed en_US | Eva | boots | 77',
      [
        { type: 'header', parameters: texts('Eva') },
        { type: 'body', parameters: texts('boots') },
        { type: 'button', sub_type: 'url', index: '1', parameters: texts('77') }
      ]
    ],
    [
      '/template headed en_US | boots | header=Eva | button2=77',
      [
        { type: 'header', parameters: texts('Eva') },
        { type: 'body', parameters: texts('boots') },
        { type: 'button', index: '1', parameters: texts('77') }
      ]
    ],
    [
      '/template coupon en_US | SPRING',
      [
        {
          type: 'button',
          sub_type: 'copy_code',
          index: '1',
          parameters: [{ type: 'coupon_code', coupon_code: 'SPRING' }]
        }
      ]
    ],
    [
      '/template code en_US | 1234',
      [
        { type: 'body', parameters: texts('1234') },
        { type: 'button', sub_type: 'url', index: '0', parameters: texts('1234') }
      ]
    ]
  ] as const) {
    t.match(await send(command(text)), { kind: 'accepted' }, text)
    const sent = gateway.state.messages.at(-1)?.body as { template: Json }
    t.match(sent, { type: 'template', template: { language: { code: 'en_US' } } }, text)
    t.equal(sent.template.components === undefined, components === undefined, text)
    if (components) t.match(sent.template.components, components, text)
  }
})

t.test('a template of the structure is filled to the letter, by order or by name', async t => {
  const { gateway, send } = await registered(t, { state: { templates: TEMPLATES } })
  const structure = (name: string, parameters: readonly string[] | Record<string, string>) => ({
    content: null,
    template: { name, language: 'en_US', parameters }
  })
  t.match(await send(structure('order', ['a | b="c"', '/template plain en_US'])), { kind: 'accepted' })
  t.match(await send(structure('named', { first_name: 'x=y', total: '| 5' })), { kind: 'accepted' })
  t.match(
    gateway.state.messages.map(({ body }) => (body.template as { components: Json[] }).components),
    [
      [{ parameters: [{ text: 'a | b="c"' }, { text: '/template plain en_US' }] }],
      [
        {
          parameters: [
            { parameter_name: 'first_name', text: 'x=y' },
            { parameter_name: 'total', text: '| 5' }
          ]
        }
      ]
    ]
  )
  t.match(await send(structure('order', ['one'])), { kind: 'rejected', reason: /takes 2 parameters/ })
})

t.test('a command is one however it was written', async t => {
  const { gateway, send } = await registered(t, { state: { templates: TEMPLATES } })
  t.match(await send(command('<p>/template order en_US | Eva &amp; Ján | 7</p>', 'html')), { kind: 'accepted' })
  t.match(await send(command('/template order en_US | snake_case_here | *7*', 'markdown')), { kind: 'accepted' })
  t.match(gateway.state.messages, [
    { body: { template: { components: [{ parameters: [{ text: 'Eva & Ján' }, { text: '7' }] }] } } },
    { body: { template: { components: [{ parameters: [{ text: 'snake_case_here' }, { text: '*7*' }] }] } } }
  ])
})

t.test('a file of the message is the header of its template', async t => {
  const { gateway, send } = await registered(t, { state: { templates: TEMPLATES } })
  const { attach } = await storage(t)
  const image = attach('a.png', 'image')
  t.match(await send({ ...command('/template picture en_US | Eva'), attachments: [image] }), { kind: 'accepted' })
  t.match(await send({ ...command('/template paper en_US'), attachments: [attach('a.pdf')] }), { kind: 'accepted' })
  t.match(await send({ ...command('/template film en_US'), attachments: [attach('a.mp4')] }), { kind: 'accepted' })
  t.match(
    gateway.state.messages.map(message => (message.body.template as { components: Json[] }).components[0]),
    [
      { type: 'header', parameters: [{ type: 'image', image: { id: '1000000' } }] },
      { type: 'header', parameters: [{ type: 'document', document: { id: '1000001', filename: 'a.pdf' } }] },
      { type: 'header', parameters: [{ type: 'video', video: { id: '1000002' } }] }
    ]
  )
  for (const [text, attachments, reason] of [
    ['/template picture en_US | Eva', [], /needs a file for its header: image/],
    ['/template picture en_US | Eva', [attach('a.pdf')], /a.pdf is no image that WhatsApp takes/],
    ['/template plain en_US', [image], /no place for a file/],
    ['/template plain en_US', [image, image], /one file at most/]
  ] as const)
    t.match(await send({ ...command(text), attachments }), { kind: 'rejected', reason }, text)
})

t.test('what is wrong with a template is said before WhatsApp is asked', async t => {
  const { gateway, send } = await registered(t, { state: { templates: TEMPLATES } })
  for (const [text, reason] of [
    ['/template', /is written \/template name language/],
    ['/template plain', /is written \/template name language/],
    ['/template plain en_US more', /is written \/template name language/],
    ['/template plain en_US\nand more', /Below a template there can be no text/],
    ['/template nothing en_US', /There is no template nothing/],
    ['/template pla en_US', /There is no template pla/],
    ['/template abroad en_US', /abroad is there in sk, de, not in en_US/],
    ['/template paused en_US', /paused is not approved but PAUSED/],
    ['/template place en_US', /with such a header cannot be sent/],
    ['/template order en_US | Eva', /takes 2 parameters \(1, 2\), and 1 were given/],
    ['/template order en_US | Eva | 7 | more', /takes 2 parameters \(1, 2\), and 3 were given/],
    ['/template order en_US | Eva | ', /The parameter 2 is empty/],
    ['/template order en_US | Eva | total=7', /has no parameter total; a text with an equals sign goes in quotes/],
    ['/template named en_US | first_name=Eva', /takes 2 parameters \(first_name, total\), and 1 were given/]
  ] as const)
    t.match(await send(command(text)), { kind: 'rejected', reason }, text)
  t.equal(gateway.state.messages.length, 0)
  gateway.faults.add('templates', graphFault(500, 2), { kind: 'reset', when: 'before' }, graphFault(401, 190))
  t.match(await send(command('/template plain en_US')), { kind: 'retry' })
  t.match(
    await send(command('/template plain en_US')),
    { kind: 'retry' },
    'a list that may have been read can be read again'
  )
  t.match(await send(command('/template plain en_US')), { kind: 'throttled' })
})

t.test('a template is looked up once, and again when it may have changed', async t => {
  const { gateway, send, keep, pass, notes } = await registered(t, {
    state: { templates: TEMPLATES, templatesPerPage: 1 }
  })
  const asked = () => gateway.state.calls.filter(({ operation }) => operation === 'templates').length
  const first = await send(command('/template abroad de'))
  t.equal(asked(), 2, 'page by page')
  t.notOk(gateway.state.calls.some(({ query }) => 'access_token' in query))
  keep(eventsIn(first))
  t.match(notes['template:abroad:de']?.value, { name: 'abroad', language: 'de' })
  t.match(await send(command('/template abroad de')), { kind: 'accepted' })
  t.equal(asked(), 2)
  pass(6 * 3_600_000)
  t.match(await send(command('/template abroad de')), { kind: 'accepted' })
  t.equal(asked(), 4, 'after hours')

  keep(eventsIn(await send(command('/template order en_US | a | b'))))
  gateway.state.templates[1] = template('order', [body('{{1}}')])
  t.match(await send(command('/template order en_US | a | b')), { kind: 'rejected', reason: /takes 1 parameters/ })
  keep(eventsIn(await send(command('/template abroad sk'))))
  gateway.state.templates = gateway.state.templates.filter(({ language }) => language !== 'sk')
  t.match(await send(command('/template abroad sk')), { kind: 'rejected', reason: /there in de, not in sk/ })
})
