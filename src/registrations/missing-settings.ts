import type { RuntimeOf } from '../channels/call-channel.ts'
import { isAway } from '../postgres/fault.ts'
import { wordsOf } from '../postgres/sanitize-text.ts'

/**
 * Why a registration cannot be worked for, such as what its settings lack; null: it can be. One whose secrets cannot be opened is
 * no reason to show nothing of the others.
 */
export async function missingSettings(ready: RuntimeOf, id: number): Promise<string | null> {
  try {
    const runtime = await ready(id, new AbortController().signal)
    return runtime.ok ? null : runtime.reason
  } catch (error) {
    if (isAway(error)) throw error
    return wordsOf(error)
  }
}
