import { setTimeout as delay } from 'node:timers/promises'
import { fillBacklog } from './backlog.ts'
import { round } from './spread.ts'
import { type Stage, startHostProcess } from './stage.ts'

/** How fast messages that wait already go through, by how many wait. */
export interface Draining {
  waiting: number
  perSecond: number
  memory: number
}

const WARM_MS = 3_000

export async function measureDrain(stage: Stage, waiting: number, seconds: number): Promise<Draining> {
  const { crm, gateway } = stage
  const { url, sql } = await stage.database()
  const host = await startHostProcess(stage, url)
  await gateway.ask('forget')
  await crm.ask('forget')
  await fillBacklog(sql, { messages: waiting, due: 'now' })
  await delay(WARM_MS)
  const before = await crm.ask<number>('count')
  const startedAt = performance.now()
  await delay(seconds * 1_000)
  const heard = (await crm.ask<number>('count')) - before
  const took = (performance.now() - startedAt) / 1_000
  if (before + heard >= waiting) throw new Error(`${waiting} messages were too few to drain for ${seconds} s`)
  await host.close()
  return { waiting, perSecond: round(heard / took, 0), memory: round(Math.max(...host.memory), 0) }
}
