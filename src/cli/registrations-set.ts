import { eq } from 'drizzle-orm'
import { registrations } from '../postgres/schema/schema.ts'
import { notifyChanged } from '../registrations/cache.ts'
import type { CliAnswer } from './answer.ts'
import { withDatabase } from './database.ts'

export const registrationsSet = (
  id: number,
  { retryUnknown: word }: { retryUnknown: 'yes' | 'no' }
): Promise<CliAnswer> =>
  withDatabase(async ({ database: { db } }) => {
    const retryUnknown = word === 'yes'
    await db.transaction(async tx => {
      const changed = await tx
        .update(registrations)
        .set({ retryUnknown })
        .where(eq(registrations.id, id))
        .returning({ id: registrations.id })
      if (changed.length === 0) throw new Error(`There is no registration ${id}.`)
      await notifyChanged(tx, id)
    })
    return {
      data: { id, retryUnknown },
      text: retryUnknown
        ? `Registration ${id} sends a message again that may have left already.`
        : `Registration ${id} sends no message again that may have left already, unless the gateway drops repetitions.`
    }
  })
