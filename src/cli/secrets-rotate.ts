import { setTimeout as delay } from 'node:timers/promises'
import { lacking } from '../secrets/key-holders.ts'
import { rotateSecrets } from '../secrets/rotate.ts'
import { type CliAnswer, count, progress } from './answer.ts'
import { withDatabase } from './database.ts'

/** So long hosts may take to be started again with the new key. */
const HOSTS_GIVE_UP_MS = 60_000
const LOOK_MS = 1_000

/** Waits, since a host without the key could open nothing that is sealed with it. */
async function everyHostHas(key: string, lacking: () => Promise<number>, interrupted: AbortSignal): Promise<void> {
  const end = performance.now() + HOSTS_GIVE_UP_MS
  for (let hosts = await lacking(); hosts > 0; hosts = await lacking()) {
    interrupted.throwIfAborted()
    if (performance.now() > end)
      throw new Error(
        `${count(hosts, 'running host')} did not get the key "${key}": give it to every host by LV_PLUGIN_SECRET_KEYS, behind the old one, start them again, and call this once more. Nothing was sealed anew.`
      )
    progress(`waiting for ${count(hosts, 'host')} to be started with the key "${key}"`)
    await delay(LOOK_MS)
  }
}

export const secretsRotate = (): Promise<CliAnswer> =>
  withDatabase(async ({ database, secrets }, interrupted) => {
    await everyHostHas(secrets.newest, () => lacking(database, secrets.newest), interrupted)
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
