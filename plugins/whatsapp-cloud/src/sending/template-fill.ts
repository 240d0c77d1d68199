import type { Arguments } from 'channel-kit/directives'
import type { Json } from 'channel-kit/json'
import type { Translate } from 'channel-kit/tools'
import type { StoredFile } from './run.ts'
import type { TemplateShape } from './template-shape.ts'

/** A template with its parameters, as the API takes it, or what is wrong with them. */
export type Filled = { kind: 'filled'; part: Json } | { kind: 'wrong'; problem: string }

/** A place for a text. `key` is what an agent may call it by. */
interface Slot {
  key: string
  place: 'header' | 'body' | 'button'
  /** Position of a button. */
  index: number
}

type Values = ReadonlyMap<Slot, string>

export function fill(
  shape: TemplateShape,
  given: Arguments,
  media: StoredFile | undefined,
  translate: Translate
): Filled {
  const header = mediaHeader(shape, media, translate)
  if (typeof header === 'string') return { kind: 'wrong', problem: header }
  const slots = slotsOf(shape)
  const values = valuesOf(slots, given, translate)
  if (typeof values === 'string') return { kind: 'wrong', problem: values }

  const components = [
    ...header,
    ...texts('header', shape, values),
    ...texts('body', shape, values),
    ...buttons(shape, values)
  ]
  const template = {
    name: shape.name,
    language: { code: shape.language },
    ...(components.length > 0 ? { components } : {})
  }
  return { kind: 'filled', part: { type: 'template', template } }
}

function slotsOf({ headerVariables, bodyVariables, buttons, code }: TemplateShape): readonly Slot[] {
  return [
    ...headerVariables.map((name): Slot => ({ key: /^\d+$/.test(name) ? 'header' : name, place: 'header', index: 0 })),
    ...bodyVariables.map((name): Slot => ({ key: name, place: 'body', index: 0 })),
    ...(code ? [] : buttons.map(({ index }): Slot => ({ key: `button${index + 1}`, place: 'button', index })))
  ]
}

/** Every slot by its name, or else the next of the values without one. */
function valuesOf(slots: readonly Slot[], { positional, named }: Arguments, translate: Translate): Values | string {
  const unknown = Object.keys(named).find(name => !slots.some(({ key }) => key === name))
  if (unknown !== undefined)
    return translate('reasons', 'The template has no parameter {name}; a text with an equals sign goes in quotes', {
      name: unknown
    })
  const open = slots.filter(({ key }) => !Object.hasOwn(named, key))
  if (positional.length !== open.length)
    return translate('reasons', 'The template takes {wanted} parameters ({names}), and {given} were given', {
      wanted: slots.length,
      names: slots.map(({ key }) => key).join(', '),
      given: positional.length + slots.length - open.length
    })
  const values = new Map(
    slots.map(slot => [slot, cleaned(named[slot.key] ?? positional[open.indexOf(slot)] ?? '')] as const)
  )
  const empty = slots.find(slot => !values.get(slot))
  return empty ? translate('reasons', 'The parameter {name} is empty', { name: empty.key }) : values
}

/** Templates take no line ends, no tabs and no runs of spaces. */
export const cleaned = (text: string) => text.replace(/\s+/g, ' ').trim()

function texts(place: 'header' | 'body', { named }: TemplateShape, values: Values): Json[] {
  const parameters = [...values].flatMap(([slot, text]) =>
    slot.place === place ? [{ type: 'text', ...(named ? { parameter_name: slot.key } : {}), text }] : []
  )
  return parameters.length > 0 ? [{ type: place, parameters }] : []
}

function buttons(shape: TemplateShape, values: Values): Json[] {
  const code = [...values.values()][0] ?? ''
  return shape.buttons.map(({ index, kind }) => {
    const own = [...values].find(([slot]) => slot.place === 'button' && slot.index === index)
    const text = shape.code ? code : (own?.[1] ?? '')
    const parameter = kind === 'url' ? { type: 'text', text } : { type: 'coupon_code', coupon_code: text }
    return { type: 'button', sub_type: kind, index: String(index), parameters: [parameter] }
  })
}

function mediaHeader({ header }: TemplateShape, media: StoredFile | undefined, translate: Translate): Json[] | string {
  if (header === 'location' || header === 'other')
    return translate('reasons', 'Templates with such a header cannot be sent from here')
  if (header === 'none' || header === 'text')
    return media ? translate('reasons', 'The template has no place for a file') : []
  if (!media) return translate('reasons', 'The template needs a file for its header: {kind}', { kind: header })
  if (media.kind !== header && header !== 'document')
    return translate('reasons', 'The file {name} is no {kind} that WhatsApp takes', { name: media.name, kind: header })
  const file = header === 'document' ? { id: media.id, filename: media.name } : { id: media.id }
  return [{ type: 'header', parameters: [{ type: header, [header]: file }] }]
}
