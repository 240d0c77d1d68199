import { sql } from 'drizzle-orm'

/** A list of ids as one parameter. */
export const bigints = (ids: readonly number[]) =>
  sql`array(select json_array_elements_text(${JSON.stringify(ids)}::json)::bigint)`
