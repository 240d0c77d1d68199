import { type SQL, sql } from 'drizzle-orm'
import type { Test } from 'tap'
import { messages } from '../../src/postgres/schema/messages.ts'
import { until } from '../harness.ts'
import { startTestProcess } from '../host-process.ts'
import { text } from '../scripted-channel.ts'
import { apiHost } from './ask.ts'

/** A host of the role web with failed messages, so that nothing goes on before a test starts a worker. */

export interface Operation {
  id: number
  state: string
  total: number
  seen: number
  changed: number
  percent: number
}

const REASON = 'template PAUSED'

export async function failedHost(t: Test, { count = 0, roles = 'web' } = {}) {
  const env = { LV_PLUGIN_CHANNELS: 'echo=/', LV_PLUGIN_ROLES: roles, LV_PLUGIN_QUOTA_API: '1000' }
  const api = await apiHost(t, { env })
  const { ask, host, crm } = api
  const [plugin, other] = [await crm.register(host.url), await crm.register(host.url)]
  const { db } = host.database
  const fail = (where: SQL) =>
    db.execute(sql`update messages set state = 'failed', reason = ${REASON}, settled_at = now() where ${where}`)
  for (let n = 0; n < count; n += 1) await plugin.send(text(`contact ${n % 7}`, `text ${n}`))
  if (count > 0) await fail(sql`true`)
  const start = async (body: object, token?: string) => {
    const { json } = await ask('/messages/replay', { body, ...(token === undefined ? {} : { token }) })
    return json as unknown as { total: number; operation: Operation }
  }
  const find = async (id: number) => (await ask(`/operations/${id}`)).json as unknown as Operation
  const reach = (id: number, what: string, fits: (operation: Operation) => boolean) =>
    until(
      what,
      async () => {
        const operation = await find(id)
        return fits(operation) && operation
      },
      60_000
    )
  const worker = () =>
    startTestProcess(t, {
      env: { ...host.environment, LV_PLUGIN_ROLES: 'worker', LOG_LEVEL: 'silent' },
      output: 'ignore'
    })
  const replays = async () => (await db.select().from(messages).orderBy(messages.id)).map(({ replays }) => replays)
  return { ...api, plugin, other, db, fail, start, find, reach, worker, replays }
}
