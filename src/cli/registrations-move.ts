import { and, eq, ne } from 'drizzle-orm'
import { readConfig } from '../config.ts'
import type { Executor } from '../postgres/connect.ts'
import { registrations } from '../postgres/schema/schema.ts'
import { type Issuers, issuerProblem, originOf } from '../protocol/issuers.ts'
import { notifyChanged } from '../registrations/cache.ts'
import type { CliAnswer } from './answer.ts'
import { withDatabase } from './database.ts'

/** Gives a registration to another cluster, or to the same one anew, which forgets when that signed last. */
export const registrationsMove = (id: number, { to }: { to: string }): Promise<CliAnswer> =>
  withDatabase(async ({ database: { db } }) => {
    const origin = allowedOrigin(to, readConfig(process.env).issuers)
    const clusterUri = await db.transaction(async tx => {
      const [row] = await tx.select().from(registrations).where(eq(registrations.id, id)).for('update')
      if (!row) throw new Error(`There is no registration ${id}.`)
      const other = await twin(tx, row, origin)
      if (other !== undefined) throw new Error(`Registration ${other} is the same plugin at ${origin} already.`)

      const path = URL.parse(row.clusterUri)?.pathname ?? '/'
      const clusterUri = row.origin === origin ? row.clusterUri : `${origin}${path}`
      await tx.update(registrations).set({ origin, clusterUri, signedAt: null }).where(eq(registrations.id, id))
      await notifyChanged(tx, id)
      return clusterUri
    })
    return {
      data: { id, origin, clusterUri },
      text: `Registration ${id} belongs to ${origin} and is told to ${clusterUri}. Have that CRM register it anew, so that both know one secret.`
    }
  })

function allowedOrigin(to: string, issuers: Issuers): string {
  const problem = issuerProblem(to, issuers)
  if (problem) throw new Error(`${to} may not issue tokens here: ${problem}.`)
  return originOf(to)
}

async function twin(
  tx: Executor,
  { id, channel, companyId, alias, pluginId }: typeof registrations.$inferSelect,
  origin: string
): Promise<number | undefined> {
  const [other] = await tx
    .select({ id: registrations.id })
    .from(registrations)
    .where(
      and(
        ne(registrations.id, id),
        eq(registrations.channel, channel),
        eq(registrations.companyId, companyId),
        eq(registrations.alias, alias),
        eq(registrations.pluginId, pluginId),
        eq(registrations.origin, origin)
      )
    )
  return other?.id
}
