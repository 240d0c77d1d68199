import type { Registration } from '../shapes.ts'

/** Properties of every part of a registration. */
export interface TabProps {
  registration: Registration
  /** Its path in the API. */
  path: string
  query: Readonly<Record<string, string>>
  /** Has the registration read anew. */
  onChanged: () => void
}
