import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { freePort } from 'simulator/free-port'
import { startFlags, startHostProcess } from 'simulator/host-process'
import { startEmbedded } from '../src/postgres/embedded/start.ts'
import { migrateDatabase } from '../src/postgres/migrate.ts'
import { memoryOf } from './measure.ts'
import { type Party, startParty } from './party.ts'
import { type Place, registerAll } from './requests.ts'

/** Postgres, the sides around the hosts, and the hosts: each scene has a database and hosts of its own. */

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const SELF_URI = 'http://bench.example/'
const STARTS_MS = 30_000
const MEMORY_MS = 500

export type Sql = postgres.Sql

export interface Stage {
  /** The server's process. */
  postgres: number
  gateway: Party
  crm: Party
  driver: Party
  place: Place
  profiles: string | undefined
  /** A database of its own, migrated. */
  database(): Promise<{ url: string; sql: Sql }>
  close(): Promise<void>
}

interface StageOptions {
  /** Number of registrations. */
  accounts: number
  /** The folder for a profile of each host's processor time, for Chromium's developer tools. */
  profiles?: string | undefined
}

export async function openStage({ accounts, profiles }: StageOptions): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'chat-plugin-host-bench-'))
  const server = await startEmbedded(folder, { share: false })
  const admin = postgres(server.url, { max: 1, onnotice: () => {} })
  const [row] = await admin<{ pid: string }[]>`select (string_to_array(pg_read_file('postmaster.pid'), E'\n'))[1] pid`
  const [gateway, crm, driver] = await Promise.all(
    ['gateway.ts', 'crm.ts', 'driver.ts'].map(program => startParty(program))
  )
  if (!gateway || !crm || !driver) throw new Error('a side of the run is missing')
  const identity = await crm.ask<Pick<Place, 'crmUrl' | 'pkey' | 'privateKey'>>('place')
  const open: Sql[] = []
  let databases = 0

  return {
    postgres: Number(row?.pid),
    gateway,
    crm,
    driver,
    profiles,
    place: {
      ...identity,
      selfUri: SELF_URI,
      accounts: Array.from({ length: accounts }, (_, index) => String(index + 1))
    },

    async database() {
      databases += 1
      const url = new URL(server.url)
      url.pathname = `/bench_${databases}`
      await admin.unsafe(`create database bench_${databases}`)
      await migrateDatabase(url.href)
      const sql = postgres(url.href, { max: 2, onnotice: () => {} })
      open.push(sql)
      return { url: url.href, sql }
    },

    async close() {
      await Promise.all([gateway, crm, driver].map(party => party.close()))
      await Promise.all([...open, admin].map(sql => sql.end()))
      await server.close()
      await rm(folder, { recursive: true, force: true })
    }
  }
}

export interface Host {
  port: number
  pid: number
  /** MiB, read every half second since it started. */
  memory: readonly number[]
  close(): Promise<void>
}

interface HostOptions {
  roles?: string
  program?: string
  env?: NodeJS.ProcessEnv
}

/** A host as `npm start` runs it, or another `program` in its place. */
export async function startHost(
  stage: Stage,
  databaseUrl: string,
  { roles = 'web,worker', program = '../src/main.ts', env = {} }: HostOptions = {}
): Promise<Host> {
  const port = await freePort()
  const gatewayPort = await stage.gateway.ask<number>('port')
  const profile = stage.profiles ? ['--cpu-prof', `--cpu-prof-dir=${stage.profiles}`] : []
  const host = startHostProcess({
    program: file(program),
    flags: [...startFlags(), ...profile],
    cwd: file('.'),
    env: {
      NODE_ENV: 'production',
      PORT: String(port),
      DATA_DIR: join(tmpdir(), `chat-plugin-host-bench-${process.pid}`),
      DATABASE_URL: databaseUrl,
      LV_PLUGIN_SELF_URI: SELF_URI,
      LV_PLUGIN_CHANNELS: `${file('channel.ts')}=/`,
      LV_PLUGIN_COMPONENT_REGISTRATION_SCHEME: 'http',
      LV_PLUGIN_COMPONENT_REGISTRATION_HOSTNAME: '127.0.0.1',
      LV_PLUGIN_SECRET_KEYS: `bench:${Buffer.alloc(32, 7).toString('base64')}`,
      LV_PLUGIN_ROLES: roles,
      OUTBOUND_ALLOW: '127.0.0.0/8',
      CHANNEL_BENCH_GATEWAY: `http://127.0.0.1:${gatewayPort}/`,
      LOG_LEVEL: 'warn',
      ...env
    }
  })
  await host.answers(`http://127.0.0.1:${port}/info`, { timeoutMs: STARTS_MS })
  await registerAll(stage.place, `http://127.0.0.1:${port}/`)

  const memory: number[] = []
  const timer = setInterval(async () => {
    memory.push(await memoryOf(host.pid))
  }, MEMORY_MS)
  return {
    port,
    pid: host.pid,
    memory,
    async close() {
      clearInterval(timer)
      await host.end()
    }
  }
}
