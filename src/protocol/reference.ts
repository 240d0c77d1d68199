/** The reference of a registration: one instance of the plugin in one company. Source: docs/protocol.md, "Identity". */
export interface Reference {
  companyId: string
  alias: string
  pluginId: string
}

/** The reference in a token's claims, or undefined when a part is missing. Numbers count as texts. */
export function referenceOf(claims: Readonly<Record<string, unknown>>): Reference | undefined {
  const plugin = claims.plugin
  if (typeof plugin !== 'object' || plugin === null || Array.isArray(plugin)) return undefined

  const companyId = identifier(claims.cid)
  const alias = identifier((plugin as Record<string, unknown>).alias)
  const pluginId = identifier((plugin as Record<string, unknown>).id)
  return companyId && alias && pluginId ? { companyId, alias, pluginId } : undefined
}

/** Most characters of a part: it is a key in the database and part of a path on the disk. */
const MAX_ID_LENGTH = 255

function identifier(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const text = String(value)
  return text !== '' && text.length <= MAX_ID_LENGTH && !text.includes('\0') ? text : undefined
}
