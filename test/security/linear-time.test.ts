import { readArguments, readDirectives, readPiped } from 'channel-kit/directives'
import t from 'tap'
import { badHeaders } from '../../plugins/bpmessage/src/api.ts'
import { attachmentOf } from '../../plugins/bpmessage/src/attach.ts'
import { isAddress } from '../../plugins/bpmessage/src/email-address.ts'
import { oneLine } from '../../plugins/bpmessage/src/one-line.ts'
import { taxpayer } from '../../plugins/bpmessage/src/taxpayer.ts'
import { fillTokens } from '../../plugins/bpmessage/src/tokens.ts'
import { htmlDirectives, showsNothing } from '../../plugins/channel-kit/src/html-directives.ts'
import { renderMarkdown } from '../../plugins/channel-kit/src/markdown.ts'
import { readLines } from '../../plugins/channel-kit/src/template-list.ts'
import { partsOf } from '../../plugins/mobiletech/src/compose.ts'
import { slovakMobile } from '../../plugins/mobiletech/src/phone.ts'
import { plainText, textOfHtml } from '../../plugins/mobiletech/src/plain-text.ts'
import { transliterated } from '../../plugins/mobiletech/src/septets.ts'
import { split as smsParts } from '../../plugins/mobiletech/src/split.ts'
import { written } from '../../plugins/whatsapp-cloud/src/markup/content.ts'
import { split } from '../../plugins/whatsapp-cloud/src/markup/split.ts'
import { sanitizeJson } from '../../src/postgres/sanitize-text.ts'
import { pickLanguage } from '../../src/protocol/language.ts'
import { callUrl } from '../../src/protocol/special-request.ts'
import { cpuOf, repeated } from './cpu.ts'

// Much is tried, and on a slow core.
t.setTimeout(600_000)

/** Readers of texts by people, admins, gateways and a CRM. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  'Markdown as HTML': text => renderMarkdown(text, { html: 'escaped' }),
  'Markdown for WhatsApp': text => written(text, 'markdown', false),
  'HTML for WhatsApp': text => written(text, 'html', false),
  'HTML without marks': text => written(text, 'html', true),
  'parts of a text for WhatsApp': text => split(text),
  'Markdown for SMS': text => textOfHtml(renderMarkdown(text, { html: 'kept', marks: true })),
  'HTML for SMS': textOfHtml,
  'text for SMS': text => plainText({ text, format: 'text' }),
  'an SMS': text => partsOf(text, [], true),
  'plain letters': transliterated,
  'parts of an SMS': smsParts,
  'phone number': slovakMobile,
  directives: text => readDirectives(text, ['template', 'attach']),
  'a directive': text => readDirectives(`/template ${text}`, ['template', 'attach']),
  arguments: readArguments,
  'piped arguments': readPiped,
  'directives in HTML': text => htmlDirectives(text, ['template', 'attach']),
  'blank HTML': showsNothing,
  'list of templates': readLines,
  'one template': text => readLines(`code: ${text.replaceAll('\n', '\\n')}`),
  headers: badHeaders,
  tokens: text =>
    fillTokens(text, { contact: text, subject: text, fields: { a: text }, now: new Date(0), timeZone: 'Europe/Oslo' }),
  attachment: attachmentOf,
  'e-mail address': isAddress,
  'one line': oneLine,
  taxpayer,
  language: text => pickLanguage(text, ['en_US', 'de_DE'], 'en_US'),
  JSON: sanitizeJson,
  'address of a cluster': text => callUrl(`https://a.example/${text}`, '1', 'status')
}

/** Repeated, each has ended some reader's day. */
const HOSTILE = [
  ...[' ', '\t', '\n', '\r\n', ' \n', '\n ', '\0', '\u00a0', 'a', 'a ', 'a\n', 'a\n\n', 'a: ', ':', '/', '=', '.'],
  ...[
    '_a__',
    '*a**',
    '*a_',
    '**a *b',
    '***a',
    '~~a~',
    'a_',
    '*',
    '_',
    '`',
    '`a``',
    '[',
    '![',
    '[a](',
    '[a][',
    '](',
    '>'
  ],
  ...[
    '> ',
    '- a\n',
    '1. a\n',
    '- ',
    '|a|b\n|-|-\n',
    '|',
    '# ',
    '```\n',
    '\\',
    '\\"',
    '&',
    '&a',
    '&amp;',
    'a@',
    'http://a '
  ],
  ...[
    '<',
    '<a',
    '<a ',
    '<a href="',
    '</',
    '<!--',
    '<b>',
    '<ol>',
    '<li>',
    '<ol><li>',
    '<table><tr><td>',
    '<p> ',
    '<br>'
  ],
  ...[
    '{',
    '{{',
    '{{ a }}',
    '{% if a %}',
    '{% ',
    '{{ "',
    '%}',
    '{contact',
    '{contact}',
    '{date_now}',
    '{contactfield=a|'
  ],
  ...['„a ', '"a ', 'a="', '"', '“', 'a=', '\\|', '|a', 'a|', '/template a\n', 'en_US,', '😀', '\ud800', '\\u0000', 'é']
]
/** Begun once, and then without an end. */
const BEGUN = ['a', '<ol>', '<pre>', '/template ', 'a: ', '"', 'https://a.example/', '{{ ', '{contactfield=']

const LONGEST = 65_536

/** On an idle core all take less than a fifth of it; what is quadratic takes seconds. */
const MOST_MS = 500

/** A quarter of the length that took less is far from the limit, even if it were quadratic. */
const QUICK_MS = 4

const texts = (length: number) => [
  ...HOSTILE.map(text => ({ name: text, part: repeated(text, length), whole: repeated(text, LONGEST) })),
  ...BEGUN.flatMap(begin =>
    [' ', 'a', '<li>', '„a '].map(text => ({
      name: begin + text,
      part: `${begin}${repeated(text, length)}é`,
      whole: `${begin}${repeated(text, LONGEST - 20)}é`
    }))
  )
]

for (const [name, read] of Object.entries(READERS))
  t.test(`${name}: no text of 64 KiB takes long`, { timeout: 300_000 }, async t => {
    const slow = []
    for (const text of texts(LONGEST / 4)) {
      const ms = cpuOf(() => attempted(read, text.part), 1)
      // A quadratic reader would take sixteen times as long.
      if (ms > QUICK_MS && (ms > MOST_MS || timeOf(read, text.whole) > MOST_MS)) slow.push(text.name)
      // The first ones say enough, and each costs seconds.
      if (slow.length === 3) break
    }
    t.same(slow, [])
  })

/** A slow first time may have been the compiler, or the garbage of others: measured again. */
function timeOf(read: (text: string) => unknown, text: string): number {
  const once = cpuOf(() => attempted(read, text), 1)
  return once > MOST_MS && once < 4 * MOST_MS ? cpuOf(() => attempted(read, text), 2) : once
}

/** The verdict on the text is for other tests. */
function attempted(read: (text: string) => unknown, text: string): void {
  try {
    read(text)
  } catch {}
}
