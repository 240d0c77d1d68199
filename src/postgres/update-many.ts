import { getTableColumns, type SQL, sql } from 'drizzle-orm'
import { toSnakeCase } from 'drizzle-orm/casing'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Executor } from './connect.ts'
import { bigints } from './ids.ts'

/**
 * Sets columns of many rows, each by its id, in one statement, however many there are. All rows set the same columns; no
 * row stands twice. JSON goes as text, since a recordset takes no NUL. `any(ids)` repeats the ids, so that the planner
 * uses the primary key.
 */
export async function updateMany<Table extends PgTable, Name extends keyof Table['$inferInsert'] & string>(
  tx: Pick<Executor, 'execute'>,
  table: Table,
  names: readonly Name[],
  rows: readonly ({ id: number } & Pick<Table['$inferInsert'], Name>)[]
): Promise<void> {
  if (rows.length === 0) return
  const columns = getTableColumns(table)
  const settings: SQL[] = []
  const given: SQL[] = [sql`id bigint`]
  for (const name of names) {
    const type = columns[name]?.getSQLType() ?? 'text'
    const cast = type === 'json' ? sql`::json` : sql``
    settings.push(sql`${sql.identifier(toSnakeCase(name))} = given.${sql.identifier(name)}${cast}`)
    given.push(sql`${sql.identifier(name)} ${sql.raw(type === 'json' ? 'text' : type)}`)
  }
  const values = rows.map(row =>
    Object.fromEntries([
      ['id', row.id],
      ...names.map(name => [name, columns[name]?.getSQLType() === 'json' ? JSON.stringify(row[name]) : row[name]])
    ])
  )
  await tx.execute(sql`
    update ${table} t set ${sql.join(settings, sql`, `)}
    from json_to_recordset(${JSON.stringify(values)}::json) as given(${sql.join(given, sql`, `)})
    where t.id = given.id and t.id = any(${bigints(rows.map(({ id }) => id))})`)
}
