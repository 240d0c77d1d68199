import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Channel } from 'channel-kit/channel'
import postgres from 'postgres'
import { type Crm, startCrm } from 'simulator/crm'
import { freePort } from 'simulator/free-port'
import type { Test } from 'tap'
import { readConfig } from '../src/config.ts'
import { startHost } from '../src/host.ts'
import { openDatabase as openPools } from '../src/postgres/connect.ts'
import { openSecrets } from '../src/secrets/secrets.ts'

/** Real parts for a test: a database of its own on the run's server, a host that listens, a CRM that speaks HTTP to it. */

const SERVER = process.env.TEST_DATABASE_URL
const TEMPLATE = process.env.TEST_TEMPLATE

/** 32 bytes that hide nothing. */
export const TEST_KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`
export const TEST_SECRETS = openSecrets(TEST_KEYS)

/** The host's own access to a database, and beside it a client of another make for a test to look in with. */
export function openDatabase(url: string, max = 4) {
  const opened = openPools(url, max)
  const sql = postgres(url, { max, onnotice: () => {} })
  return { ...opened, sql, close: async () => void (await Promise.all([opened.close(), sql.end({ timeout: 1 })])) }
}

export type Database = ReturnType<typeof openDatabase>

/** A migrated database that goes with the test. Its URL. */
export async function testDatabase(t: Test): Promise<string> {
  if (!SERVER || !TEMPLATE) throw new Error('Run the tests by `npm test`, which starts a Postgres for them')
  const name = `test_${process.pid}_${Math.random().toString(36).slice(2)}`
  const { sql, close } = openDatabase(SERVER, 1)
  await sql.unsafe(`create database ${name} template ${TEMPLATE}`)
  t.teardown(async () => {
    await sql.unsafe(`drop database if exists ${name} with (force)`)
    await close()
  })
  const url = new URL(SERVER)
  url.pathname = `/${name}`
  return url.href
}

export async function testFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chat-plugin-host-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

interface Wanted {
  channels?: readonly { channel: Channel; path?: string }[]
  env?: NodeJS.ProcessEnv
  now?: () => Date
  random?: () => number
  logTo?: NodeJS.WritableStream
}

/** The environment of a host on the loopback that believes in a CRM there. */
export async function testEnvironment(t: Test, env: NodeJS.ProcessEnv = {}): Promise<NodeJS.ProcessEnv> {
  const port = String(env.PORT ?? (await freePort()))
  return {
    PORT: port,
    DATA_DIR: await testFolder(t),
    DATABASE_URL: env.DATABASE_URL ?? (await testDatabase(t)),
    LV_PLUGIN_CHANNELS: 'echo=/ form-gallery',
    LV_PLUGIN_COMPONENT_REGISTRATION_SCHEME: 'http',
    LV_PLUGIN_COMPONENT_REGISTRATION_HOSTNAME: '127.0.0.1',
    LV_PLUGIN_SECRET_KEYS: TEST_KEYS,
    OUTBOUND_ALLOW: '127.0.0.0/8',
    LOG_LEVEL: 'silent',
    ...env
  }
}

/** A host in this process. It closes before its database goes. */
export async function testHost(t: Test, { env, ...given }: Wanted = {}) {
  const environment = await testEnvironment(t, env)
  const config = readConfig(environment)
  const host = await startHost(config, given)
  const { sql, close } = openDatabase(config.databaseUrl as string)
  t.teardown(async () => {
    await host.close()
    await close()
  })
  return {
    ...host,
    database: { ...host.database, sql },
    config,
    environment,
    url: config.selfUri,
    at: (channel: string) => `${config.selfUri}${channel}/`
  }
}

export async function testCrm(t: Test): Promise<Crm> {
  const crm = await startCrm()
  t.teardown(() => crm.close())
  return crm
}

/** Awaits a condition instead of a time. Rejects, saying what was waited for, when it does not come true. */
export async function until<Value>(
  what: string,
  ask: () => Promise<Value | undefined | false>,
  timeoutMs = 20_000
): Promise<Value> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const value = await ask()
    if (value) return value
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
