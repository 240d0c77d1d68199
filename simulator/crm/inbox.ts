import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Exchanges } from './exchanges.ts'
import type { SigningKey } from './keys.ts'
import { judge, type Kind, type Misbehave } from './misbehaviour.ts'
import type { Plugin } from './plugin.ts'
import { claimsToBe, type Heard, hear } from './plugin-request.ts'
import { takeReport, type Verdict } from './reports.ts'
import { verifyPluginToken } from './tokens.ts'

export interface InboxOptions {
  clusterUri: () => string
  key: SigningKey
  exchanges: Exchanges
  plugins: () => readonly Plugin[]
  misbehave: Misbehave
}

type Take = (heard: Heard, plugin: Plugin | undefined) => Promise<Verdict>

/** Routes of the CRM for plugins: its public key, statuses and incoming messages. */
export const inbox: FastifyPluginAsync<InboxOptions> = async (app, options) => {
  const { clusterUri, key, exchanges, plugins, misbehave } = options

  const answering = (kind: Kind, take: Take) => async (request: FastifyRequest, reply: FastifyReply) => {
    const startedAt = Date.now()
    const heard = hear(request)
    const plugin = plugins().find(candidate => claimsToBe(candidate, heard))
    const { status, message, hangUp } = await judge(await misbehave(kind, heard), () => take(heard, plugin))

    const { method, path, headers, body: asked } = heard
    const exchange = { direction: 'to-crm', plugin: plugin?.key ?? null, method, path, startedAt } as const
    if (hangUp) {
      exchanges.record({ ...exchange, status: null, failure: message, request: { headers, body: asked }, answer: null })
      reply.hijack()
      request.raw.socket.destroy()
      return
    }

    const isKey = kind === 'key' && status === 200
    const type = isKey ? 'text/plain' : 'application/json'
    const body = isKey ? message : JSON.stringify({ code: status, message })
    const answer = { headers: { 'content-type': type }, body }
    exchanges.record({ ...exchange, status, request: { headers, body: asked }, answer })
    return reply.code(status).type(type).send(body)
  }

  /** 418 is how a CRM says that a plugin is archived: stop, do not try again. */
  const reported =
    (take: (plugin: Plugin, body: unknown) => Verdict): Take =>
    async ({ token }, plugin) => {
      const hpt = plugin?.hpt()
      if (!plugin || !hpt) return { status: 418, message: 'No such plugin is registered here' }
      try {
        const { body } = await verifyPluginToken(token, hpt, plugin.selfUri, clusterUri())
        return take(plugin, body)
      } catch (error) {
        return { status: 403, message: error instanceof Error ? error.message : String(error) }
      }
    }

  const servedKey: Take = async ({ path }) =>
    path === `/pkey/${key.pkey}` ? { status: 200, message: key.pem } : { status: 404, message: 'No such key' }

  app.get('/pkey/:pkey', answering('key', servedKey))
  app.patch('/companies/:cid/CRM/plugin/chat/status', answering('status', reported(takeReport.status)))
  app.put('/companies/:cid/CRM/plugin/chat/incoming', answering('incoming', reported(takeReport.incoming)))
}
