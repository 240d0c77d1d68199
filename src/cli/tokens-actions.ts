import type { Scope } from '../api/scopes.ts'
import { createToken, listTokens, revokeToken } from '../api/tokens.ts'
import { type CliAnswer, count } from './answer.ts'
import { withDatabase } from './lent-database.ts'
import { table } from './table.ts'

const ACTOR = 'command line'

interface Options {
  scopes: readonly Scope[]
  registration?: number
  name: string
  expires?: number
  limit?: number
}

export const tokensCreate = ({ scopes, registration, name, expires, limit }: Options): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    const expiresAt = expires === undefined ? undefined : new Date(Date.now() + expires)
    const wanted = { name, scopes, registrationId: registration, expiresAt, perSecond: limit }
    const { id, token } = await createToken(database, wanted, ACTOR)
    return {
      data: {
        id,
        token,
        scopes,
        registration: registration ?? null,
        perSecond: limit ?? null,
        expiresAt: expiresAt?.toISOString() ?? null
      },
      text: `${token}\nKeep it now: it is shown this once. Use it as \`Authorization: Bearer <token>\`; revoke it by \`tokens revoke ${id}\`.`
    }
  })

export const tokensList = (): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    const rows = await listTokens(database)
    const titles = ['id', 'name', 'scopes', 'registration', 'a second', 'created', 'expires', 'revoked']
    const cells = rows.map(row => [
      row.id,
      row.name,
      row.scopes.join(' '),
      row.registration ?? 'all',
      row.perSecond,
      row.createdAt,
      row.expiresAt,
      row.revokedAt
    ])
    return {
      data: { tokens: rows },
      text:
        rows.length > 0
          ? `${table(titles, cells)}\n${count(rows.length, 'token')}`
          : 'There is no token yet: make one by `tokens create`.'
    }
  })

export const tokensRevoke = (id: number): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    if (!(await revokeToken(database, id, ACTOR))) throw new Error(`There is no token ${id} that could be revoked.`)
    return { data: { id, revoked: true }, text: `Token ${id} opens nothing any more.` }
  })
