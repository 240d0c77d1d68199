import { type TSchema, Type } from 'typebox'

/** Shapes that several routes share. */

export const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
/** ISO 8601, in UTC. */
export const Time = Type.String({ format: 'date-time', maxLength: 40 })
export const Nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

/** A price, as far as the gateway tells it. */
export const Price = Type.Object(
  {
    unit: Type.String({ description: 'What is counted, such as message or segment' }),
    count: Type.Optional(Type.Number()),
    category: Type.Optional(Type.String()),
    type: Type.Optional(Type.String()),
    model: Type.Optional(Type.String()),
    amount: Type.Optional(Type.Number({ description: 'In `currency`' })),
    currency: Type.Optional(Type.String({ description: 'ISO 4217' }))
  },
  { title: 'Cost', description: "The gateway's price of a message or part, in the gateway's words" }
)

/** The holder of a conversation. */
export const Holder = Type.Enum(['crm', 'phone', 'agent', 'api'], {
  description:
    "`crm`, `phone`: a line that a person wrote in the CRM or on the business's own phone. `agent`: `/bot off` and `/bot on` in the CRM. `api`: this API"
})

export const SuppressedFor = Type.Enum(['marketing', 'all'], {
  description: '`all`: not even what agents write is sent'
})

export const SuppressedBy = Type.Enum(['keyword', 'gateway', 'agent', 'import', 'api'], {
  description:
    '`keyword`: a word of the customer. `gateway`: the gateway said so. `agent`: `/optout` in the CRM. `import`: a CSV'
})

export const ById = Type.Object({ id: Id }, { additionalProperties: false })

/** In the query of every list. */
export const Page = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 50, description: 'How many at most' })),
  cursor: Type.Optional(
    Type.String({ pattern: '^[1-9][0-9]{0,14}$', description: 'The `next` of the answer before, to go on after it' })
  )
}

export const ListOf = <Schema extends TSchema>(item: Schema) =>
  Type.Object({
    items: Type.Array(item),
    next: Nullable(Type.String({ description: 'The `cursor` of the next page; null: this is the last one' }))
  })

export interface Slice {
  limit: number
  after?: number | undefined
}

/** A page of a list. A row more than asked for is read, which tells whether there is a next page. */
export async function paged<Row extends { id: number }, Item>(
  { limit = 50, cursor }: { limit?: number | undefined; cursor?: string | undefined },
  read: (slice: Slice) => PromiseLike<readonly Row[]>,
  shown: (row: Row) => Item
): Promise<{ items: Item[]; next: string | null }> {
  const rows = await read({ limit: limit + 1, after: cursor === undefined ? undefined : Number(cursor) })
  const items = rows.slice(0, limit)
  return { items: items.map(shown), next: rows.length > limit ? String(items.at(-1)?.id) : null }
}

export const isoOf = (time: Date | null) => time?.toISOString() ?? null
