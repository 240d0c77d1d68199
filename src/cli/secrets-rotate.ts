import { rotateSecrets } from '../database/rotate.ts'
import { type Answer, count, progress } from './answer.ts'
import { withDatabase } from './database.ts'

export const rotate = (): Promise<Answer> =>
  withDatabase(async ({ database, secrets }, interrupted) => {
    const registrations = await rotateSecrets(database, secrets, done => {
      interrupted.throwIfAborted()
      progress(`sealed ${count(done, 'registration')}`)
    })
    progress('')
    return {
      data: { key: secrets.newest, registrations },
      text: `Sealed the secrets of ${count(registrations, 'registration')} anew; all are sealed with the key "${secrets.newest}" now.
If every host has it as the first of LV_PLUGIN_SECRET_KEYS, drop the older keys there; backups made until now still need them.`
    }
  })
