import { type Json, list, record, text } from 'channel-kit/json'
import { type Static, Type } from 'typebox'
import { localeOf } from '../graph/templates.ts'

/** The parameters of a template. Kept as a note, so that the API is not asked at every message. */
export const TemplateShape = Type.Object({
  name: Type.String(),
  language: Type.String(),
  status: Type.String(),
  category: Type.String(),
  header: Type.Union([
    Type.Literal('none'),
    Type.Literal('text'),
    Type.Literal('image'),
    Type.Literal('video'),
    Type.Literal('document'),
    Type.Literal('location'),
    Type.Literal('other')
  ]),
  /** Names of its variables in the order written, or their numbers. */
  headerVariables: Type.Array(Type.String()),
  bodyVariables: Type.Array(Type.String()),
  named: Type.Boolean(),
  /** Characters of the body that are not variables. */
  bodyLength: Type.Integer(),
  /** Buttons that need a parameter. */
  buttons: Type.Array(
    Type.Object({ index: Type.Integer(), kind: Type.Union([Type.Literal('url'), Type.Literal('copy_code')]) })
  ),
  /** The code of an authentication goes into its button too. */
  code: Type.Boolean()
})

export type TemplateShape = Static<typeof TemplateShape>

const VARIABLE = /\{\{\s*([a-z0-9_]+)\s*\}\}/gi

/** Reads the shape from an entry of the API's list. */
export function shapeOf(template: Json): TemplateShape {
  const components = list(template.components).map(record)
  const of = (type: string) => components.find(component => text(component.type).toUpperCase() === type) ?? {}
  const body = text(of('BODY').text)
  const buttons = list(of('BUTTONS').buttons).map(record)
  return {
    name: text(template.name),
    language: localeOf(text(template.language)),
    status: text(template.status),
    category: text(template.category),
    header: headerOf(of('HEADER')),
    headerVariables: variablesOf(text(of('HEADER').text)),
    bodyVariables: variablesOf(body),
    named: template.parameter_format === 'NAMED',
    bodyLength: body.replace(VARIABLE, '').length,
    buttons: buttons.flatMap(buttonOf),
    code: template.category === 'AUTHENTICATION'
  }
}

const FORMATS: ReadonlyMap<string, TemplateShape['header']> = new Map([
  ['TEXT', 'text'],
  ['IMAGE', 'image'],
  ['VIDEO', 'video'],
  ['DOCUMENT', 'document'],
  ['LOCATION', 'location']
])

const headerOf = ({ type, format }: Json): TemplateShape['header'] =>
  text(type) ? (FORMATS.get(text(format).toUpperCase()) ?? 'other') : 'none'

/** A variable that comes twice is one parameter. */
const variablesOf = (value: string) => [...new Set([...value.matchAll(VARIABLE)].map(([, name = '']) => name))]

function buttonOf({ type, url }: Json, index: number): TemplateShape['buttons'] {
  if (type === 'COPY_CODE') return [{ index, kind: 'copy_code' }]
  if (type === 'OTP') return [{ index, kind: 'url' }]
  return type === 'URL' && variablesOf(text(url)).length > 0 ? [{ index, kind: 'url' }] : []
}
