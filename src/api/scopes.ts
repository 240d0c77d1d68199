/** Rights of a token; each route names the one that it asks for. */
export const SCOPES = ['read', 'send', 'bulk', 'events', 'hold', 'suppress', 'operate'] as const

export type Scope = (typeof SCOPES)[number]
