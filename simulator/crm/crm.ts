import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import { createExchanges, type Exchanges } from './exchanges.ts'
import { createFeed, type Feed } from './feed.ts'
import { inbox } from './inbox.ts'
import { createKey } from './keys.ts'
import type { Misbehave } from './misbehaviour.ts'
import { ownHostOnly } from './own-host.ts'
import { createPlugin, type Plugin, type PluginOptions, type Registration } from './plugin.ts'
import { tokenSigner } from './tokens.ts'

export interface CrmOptions {
  /** 0, the default, takes any free one. */
  port?: number
  /** Serves a page to play with, besides what plugins need. */
  page?: (app: FastifyInstance, known: CrmKnowledge) => void
  misbehave?: Misbehave
}

export interface CrmKnowledge {
  plugins: () => readonly Plugin[]
  exchanges: Exchanges
  feed: Feed
}

export type PluginAt = Pick<PluginOptions, 'selfUri'> & Partial<PluginOptions>

const HOST = '127.0.0.1'

/** A simulated CRM: it listens, and whatever it knows of a plugin it learned over HTTP. */
export async function startCrm(options: CrmOptions = {}) {
  const { port = 0, page, misbehave = () => undefined } = options
  const app = Fastify({ bodyLimit: 32 * 1024 * 1024, forceCloseConnections: true })
  const ownPort = () => (app.server.address() as AddressInfo).port
  const clusterUri = () => `http://${HOST}:${ownPort()}/`
  app.addHook('onRequest', ownHostOnly(ownPort))
  const signing = await createKey()
  const feed = createFeed()
  const exchanges = createExchanges(feed)
  const cluster = { sign: tokenSigner(signing, clusterUri), exchanges, feed }
  const known = new Map<string, Plugin>()
  const plugins = () => [...known.values()]
  let conduct = misbehave

  /** Makes a plugin known to the CRM without a word to it. */
  const plugin = ({ selfUri, key = `plugin-${known.size + 1}`, name = key, reference }: PluginAt): Plugin => {
    const made = createPlugin(
      { key, name, selfUri, reference: reference ?? { cid: '1', plugin: { alias: key, id: String(known.size + 1) } } },
      cluster
    )
    known.set(key, made)
    feed.publish({ type: 'plugin', plugin: made.summary() })
    return made
  }

  app.register(inbox, {
    clusterUri,
    key: signing,
    exchanges,
    plugins,
    misbehave: (kind, heard) => conduct(kind, heard)
  })
  page?.(app, { plugins, exchanges, feed })
  await app.listen({ host: HOST, port })

  return {
    url: clusterUri(),
    key: signing,
    sign: cluster.sign,
    plugin,
    plugins,
    /** Makes a plugin known and registers it; throws when it refuses. */
    async register(at: PluginAt | string, registration?: Registration): Promise<Plugin> {
      const made = plugin(typeof at === 'string' ? { selfUri: at } : at)
      const { status, text } = await made.register(registration)
      if (status !== 200) throw new Error(`registration at ${made.selfUri} was answered ${status}: ${text}`)
      return made
    },
    events: feed.events,
    waitFor: feed.waitFor,
    exchanges: exchanges.list,
    /** From now on answers as told; call without a way to behave well again. */
    misbehave: (way: Misbehave = () => undefined) => {
      conduct = way
    },
    close: () => app.close()
  }
}

export type Crm = Awaited<ReturnType<typeof startCrm>>
