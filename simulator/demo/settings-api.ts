import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { Plugin } from '../crm/plugin.ts'
import type { Lookup } from '../crm/plugin-routes.ts'
import { relay } from './relay.ts'

const Key = Type.Object({ key: Type.String() })
const Named = Type.Object({ key: Type.String(), name: Type.String() })
const Search = Type.Object({
  query: Type.Optional(Type.String()),
  /** JSON list of keys to resolve. */
  keys: Type.Optional(Type.String()),
  dep: Type.Optional(Type.String()),
  context: Type.Optional(Type.String())
})
const File = Type.Object({ name: Type.String(), type: Type.String(), uploader: Type.Optional(Type.String()) })

/** The settings form of a plugin and all that its fields need, in the language of the page. */
export const settingsApi: FastifyPluginAsyncTypebox<{ find: (key: string) => Plugin }> = async (app, { find }) => {
  const plugin = ({ params }: FastifyRequest) => find((params as { key: string }).key)
  const language = ({ headers }: FastifyRequest) => headers['accept-language'] ?? 'en_US'
  const routes = (request: FastifyRequest) => plugin(request).speaking(language(request))

  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body)
  )

  app.get('/info', { schema: { params: Key } }, async (request, reply) =>
    relay(reply, await plugin(request).info(language(request)))
  )
  app.get('/form', { schema: { params: Key } }, async (request, reply) => relay(reply, await routes(request).form()))
  app.get('/settings', { schema: { params: Key } }, async (request, reply) =>
    relay(reply, await routes(request).settings())
  )
  app.put('/settings', { schema: { params: Key, body: Type.Unknown() } }, async (request, reply) =>
    relay(reply, await routes(request).saveSettings(request.body))
  )

  app.get('/autocomplete/:name', { schema: { params: Named, querystring: Search } }, async (request, reply) => {
    const { query, keys } = request.query
    const by = { ...lookup(request.query), query: keys === undefined ? (query ?? '') : (JSON.parse(keys) as string[]) }
    return relay(reply, await routes(request).autocomplete(request.params.name, by))
  })
  app.get('/preview/table/:name', { schema: { params: Named, querystring: Search } }, async (request, reply) =>
    relay(reply, await routes(request).tablePreview(request.params.name, lookup(request.query)))
  )
  app.get('/preview/markdown/:name', { schema: { params: Named, querystring: Search } }, async (request, reply) =>
    relay(reply, await routes(request).markdownPreview(request.params.name, lookup(request.query)))
  )

  app.post('/upload', { schema: { params: Key, querystring: File } }, async (request, reply) => {
    const bytes = new Uint8Array(request.body as Buffer<ArrayBuffer>)
    return relay(reply, await routes(request).upload({ ...request.query, bytes }))
  })
}

const lookup = ({ dep = '[]', context = 'null' }: { dep?: string; context?: string }): Lookup => ({
  dep: JSON.parse(dep),
  context: JSON.parse(context) ?? []
})
