import { decodeHTML } from 'entities'
import { isSame, writePicture, writeTarget } from './link.ts'
import { STYLES } from './marks.ts'
import { tableText } from './table.ts'
import { attributesOf, type Tag } from './tags.ts'
import { type Token, tokensOf } from './tokens.ts'
import { type Writer, writer } from './writer.ts'

/** HTML as WhatsApp shows it, tag by tag. README.md, "Formatting". */

interface List {
  ordered: boolean
  number: number
}

interface Code {
  name: string
  text: string[]
}

interface Table {
  outer: Writer
  rows: string[][]
  inCell: boolean
}

interface Scene {
  tokens: readonly Token[]
  at: number
  out: Writer
  lists: List[]
  /** Addresses of the links that are open, and how much was written before each. */
  links: { url: string; length: number }[]
  quotes: number
  code: Code | undefined
  table: Table | undefined
}

const HEADINGS = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6']
const BLOCKS = new Set('p dl section article header footer figure form'.split(' '))
const LINES = new Set('div dt dd tr figcaption address'.split(' '))
const DEEPEST = 6

export function writeHtml(html: string, out: Writer): void {
  const scene: Scene = {
    tokens: tokensOf(html),
    at: 0,
    out,
    lists: [],
    links: [],
    quotes: 0,
    code: undefined,
    table: undefined
  }
  for (; scene.at < scene.tokens.length; scene.at += 1) {
    const token = scene.tokens[scene.at]
    if (!token) break
    if (scene.code) inCode(token, scene.code, scene)
    else if (token.kind === 'text') scene.out.text(token.text)
    else if (token.kind === 'open') opened(token, scene)
    else closed(token, scene)
  }
  if (scene.code) endCode(scene.code, scene)
  if (scene.table) endTable(scene.table, scene)
}

function inCode(token: Token, code: Code, scene: Scene) {
  if (token.kind === 'text') code.text.push(token.text)
  else if (token.name === 'br') code.text.push('\n')
  else if (token.kind === 'close' && token.name === code.name) endCode(code, scene)
}

function endCode({ name, text }: Code, scene: Scene) {
  scene.code = undefined
  const whole = text.join('')
  if (name === 'code') return scene.out.code(whole, '`')
  block(scene)
  scene.out.code(whole.replace(/^\n/, '').replace(/\n$/, ''), '```')
  block(scene)
}

const block = ({ out, lists }: Scene) => (lists.length > 0 ? out.line() : out.blank())

function opened(tag: Tag, scene: Scene): void {
  const style = STYLES.get(tag.name)
  if (style) scene.out.open(style)
  else (OPENED.get(tag.name) ?? edge)(scene, tag)
}

function closed(tag: Tag, scene: Scene): void {
  const style = STYLES.get(tag.name)
  if (style) scene.out.close(style)
  else (CLOSED.get(tag.name) ?? edge)(scene, tag)
}

function edge(scene: Scene, { name }: Tag) {
  if (BLOCKS.has(name)) block(scene)
  else if (LINES.has(name)) scene.out.line()
}

type Handler = (scene: Scene, tag: Tag) => void

const attribute = (tag: Tag, name: string) => decodeHTML(attributesOf(tag).get(name) ?? '')

const startsCode: Handler = (scene, { name }) => {
  scene.code = { name, text: [] }
}

const startsList: Handler = (scene, tag) => {
  block(scene)
  const ordered = tag.name === 'ol'
  scene.lists.push({ ordered, number: ordered ? Number(attribute(tag, 'start')) || 1 : 0 })
}

const startsItem: Handler = scene => {
  const list = scene.lists.at(-1)
  const indent = '  '.repeat(Math.min(Math.max(0, scene.lists.length - 1), DEEPEST))
  scene.out.start(`${indent}${list?.ordered ? `${list.number++}.` : '-'} `)
}

const startsLink: Handler = (scene, tag) => {
  const url = attribute(tag, 'href')
  const [label, end] = scene.tokens.slice(scene.at + 1, scene.at + 3)
  const alone = label?.kind === 'text' && end?.kind === 'close' && end.name === 'a'
  if (alone && /^https?:/i.test(url) && isSame(label.text, url)) {
    scene.out.address(url)
    scene.at += 2
  } else scene.links.push({ url: alone && isSame(label.text, url) ? '' : url, length: scene.out.length() })
}

const endsLink: Handler = ({ links, out }) => {
  const link = links.pop()
  if (link?.url && !/^[./?]/.test(link.url)) writeTarget(out, link.url, out.length() > link.length)
}

const quoted =
  (step: 1 | -1): Handler =>
  scene => {
    block(scene)
    scene.quotes = Math.max(0, scene.quotes + step)
    scene.out.quote(scene.quotes)
  }

const startsTable: Handler = scene => {
  // A table in a table is more of the cell.
  if (scene.table) return
  scene.table = { outer: scene.out, rows: [], inCell: false }
  scene.out = writer({ plain: true })
}

const startsRow: Handler = scene => {
  if (!scene.table) return scene.out.line()
  endCell(scene)
  scene.table.rows.push([])
}

/** The end of a cell need not be written. */
const startsCell: Handler = scene => {
  if (!scene.table) return scene.out.text(' ')
  endCell(scene)
  scene.table.inCell = true
}

const endCell = (scene: Scene) => {
  const { table } = scene
  if (!table) return scene.out.text(' ')
  if (!table.inCell) return
  if (table.rows.length === 0) table.rows.push([])
  table.rows.at(-1)?.push(scene.out.end().replace(/\s+/g, ' '))
  table.inCell = false
  scene.out = writer({ plain: true })
}

function endTable({ outer, rows }: Table, scene: Scene) {
  endCell(scene)
  // Text in a table that is in no cell.
  const rest = scene.out.end()
  scene.out = outer
  scene.table = undefined
  const { text, aligned } = tableText(rest ? [...rows, [rest]] : rows)
  block(scene)
  if (aligned) outer.code(text, '```')
  else for (const line of text.split('\n')) lineOf(outer, line)
  block(scene)
}

function lineOf(out: Writer, line: string) {
  out.line()
  out.text(line)
}

const startsHeading: Handler = ({ out }) => {
  out.blank()
  out.open('bold')
}

const endsHeading: Handler = ({ out }) => {
  out.close('bold')
  out.blank()
}

const rule: Handler = ({ out }) => {
  out.blank()
  out.text('───')
  out.blank()
}

const OPENED: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ...HEADINGS.map((name): [string, Handler] => [name, startsHeading]),
  ['br', ({ out }) => out.lineEnd()],
  ['hr', rule],
  ['a', startsLink],
  ['img', ({ out }, tag) => writePicture(out, attribute(tag, 'alt'), attribute(tag, 'src'))],
  [
    'input',
    ({ out }, tag) => {
      if (attribute(tag, 'type') === 'checkbox') out.text(attributesOf(tag).has('checked') ? '☑ ' : '☐ ')
    }
  ],
  ['code', startsCode],
  ['pre', startsCode],
  ['blockquote', quoted(1)],
  ['ul', startsList],
  ['ol', startsList],
  ['li', startsItem],
  ['table', startsTable],
  ['tr', startsRow],
  ['td', startsCell],
  ['th', startsCell]
])

const endsList: Handler = scene => {
  scene.lists.pop()
  block(scene)
}

const CLOSED: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ...HEADINGS.map((name): [string, Handler] => [name, endsHeading]),
  ['a', endsLink],
  ['blockquote', quoted(-1)],
  ['ul', endsList],
  ['ol', endsList],
  ['li', ({ out }) => out.line()],
  ['td', endCell],
  ['th', endCell],
  ['table', scene => scene.table && endTable(scene.table, scene)]
])
