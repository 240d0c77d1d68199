import { Type } from 'typebox'
import { checker, type Fields, isFields, type Read, reading } from './field-reader.ts'
import { list, MOST, text } from './limits.ts'

/** Templates that a message may name, as an operator and a campaign's author see them. */

export interface ListedTemplate {
  name: string
  /** As `message.template.language` names it; null: the template has none. */
  language: string | null
  /** The gateway's own word, such as `APPROVED`; null: nobody has to approve it. */
  status: string | null
  /** True: it may be sent now. */
  isUsable: boolean
  /** Why not, in the gateway's words. */
  reason: string | null
  category: string | null
  /** The kind of a header that is no text, such as `image`, or its text. */
  header: string | null
  body: string
  footer: string | null
  /** Their texts, in order. */
  buttons: readonly string[]
  /** Names of its parameters in their order, or their numbers. */
  parameters: readonly string[]
}

/** Templates of one answer. WhatsApp allows 6,000 an account. */
const MOST_TEMPLATES = 7_000
const MOST_PARTS = 100

const TEMPLATE = Type.Object({
  name: text(MOST.id, 1),
  language: nullable(text(MOST.word)),
  status: nullable(text(MOST.word)),
  isUsable: Type.Boolean(),
  reason: nullable(text(MOST.reason)),
  category: nullable(text(MOST.word)),
  header: nullable(text(MOST.name)),
  body: text(MOST.text),
  footer: nullable(text(MOST.name)),
  buttons: list(text(MOST.name), MOST_PARTS),
  parameters: list(text(MOST.id, 1), MOST_PARTS)
})

function nullable(schema: ReturnType<typeof text>) {
  return Type.Union([schema, Type.Null()])
}

const template = checker<ListedTemplate>(TEMPLATE)

interface Listed {
  templates: ListedTemplate[]
  /** The errors of the others. */
  wrong: string[]
}

/** Reads the answer of `templates.list`: its valid templates. */
export const readListed = (answer: unknown): Read<Listed> =>
  reading({ templates: answer }, ({ templates: given }: Fields) => {
    if (!Array.isArray(given)) return { wrong: '/ is no list' }
    if (given.length > MOST_TEMPLATES) return { wrong: `/ has more than ${MOST_TEMPLATES} members` }
    return { value: sorted(given) }
  })

function sorted(given: readonly unknown[]): Listed {
  const templates: ListedTemplate[] = []
  const wrong: string[] = []
  for (const [index, one] of given.entries()) {
    const read: Read<ListedTemplate> = isFields(one) ? template(one) : { wrong: '/ is no object' }
    if ('value' in read) templates.push(read.value)
    else wrong.push(`/${index}${read.wrong}`)
  }
  return { templates, wrong }
}
