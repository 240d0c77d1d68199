/** Properties of a page: the rest of its path, such as an id, and the query. */
export interface PageProps {
  rest: readonly string[]
  query: Readonly<Record<string, string>>
}
