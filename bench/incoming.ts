import { setTimeout as delay } from 'node:timers/promises'
import { round } from './spread.ts'
import { type Stage, startHostProcess } from './stage.ts'

/** Messages of customers, from the gateway's call to what the CRM is told. */
export interface Incoming {
  perSecond: number
}

/** One of each account, so that the gateway knows their webhooks. */
const FIRST = 40

export async function measureIncoming(stage: Stage, seconds: number): Promise<Incoming> {
  const { driver, gateway, crm, place } = stage
  const { url } = await stage.database()
  const host = await startHostProcess(stage, url)
  await gateway.ask('forget')
  await crm.ask('forget')
  await driver.ask('prepare', { place, from: 0, count: FIRST, conversations: FIRST })
  await driver.ask('pace', { ports: [host.port], perSecond: 100, count: FIRST })
  while ((await crm.ask<number>('count')) < FIRST) await delay(20)

  const startedAt = performance.now()
  const { count, refused } = await gateway.ask<{ count: number; refused: number }>('report', {
    port: host.port,
    connections: 64,
    seconds
  })
  if (refused > 0) throw new Error(`${refused} calls of the webhook were refused`)
  while ((await crm.ask<number>('incoming')) < count) await delay(20)
  const took = (performance.now() - startedAt) / 1_000
  await host.close()
  return { perSecond: round(count / took, 0) }
}
