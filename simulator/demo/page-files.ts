import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { FastifyPluginAsync } from 'fastify'
import type { Plugin } from '../crm/plugin.ts'

/** The front-end libraries, served as they lie in node_modules under the names that the page imports. */
const LIBRARIES = ['preact', 'preact/hooks', 'htm', 'htm/preact', 'marked', 'dompurify']

const IMPORT_MAP = JSON.stringify({
  imports: Object.fromEntries(LIBRARIES.map(name => [name, `/lib/${name}.js`]))
})
const IMPORT_MAP_HASH = createHash('sha256').update(IMPORT_MAP).digest('base64')

const EMPTY_MAP = '<script type="importmap">{}</script>'

const PAGE = new URL('./page/', import.meta.url)
const NAME = /^[a-z0-9-]+(?:\/[a-z0-9-]+)?\.(ts|css)$/

/** The page: an HTML shell, its modules with the types stripped, its styles, the libraries. No bundler. */
export const pageFiles: FastifyPluginAsync<{ plugins: () => readonly Plugin[] }> = async (app, { plugins }) => {
  app.get('/', async (_request, reply) => {
    const shell = await readFile(new URL('index.html', PAGE), 'utf8')
    return reply
      .type('text/html')
      .headers({
        'content-security-policy': policy(plugins().map(({ selfUri }) => new URL(selfUri).origin)),
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff'
      })
      .send(shell.replace(EMPTY_MAP, EMPTY_MAP.replace('{}', IMPORT_MAP)))
  })

  app.get<{ Params: { '*': string } }>('/page/*', async ({ params }, reply) => {
    const name = params['*']
    if (!NAME.test(name)) return reply.callNotFound()
    const text = await readFile(new URL(name, PAGE), 'utf8').catch(() => undefined)
    if (text === undefined) return reply.callNotFound()
    const script = name.endsWith('.ts')
    return reply
      .type(script ? 'text/javascript' : 'text/css')
      .header('cache-control', 'no-cache')
      .send(script ? stripTypeScriptTypes(text) : text)
  })

  app.get<{ Params: { '*': string } }>('/lib/*', async ({ params }, reply) => {
    const name = params['*'].replace(/\.js$/, '')
    if (!LIBRARIES.includes(name)) return reply.callNotFound()
    return reply.type('text/javascript').send(await readFile(fileURLToPath(import.meta.resolve(name)), 'utf8'))
  })
}

/** Frames, pictures and sounds may come from the plugins; everything else from the page itself. */
function policy(origins: readonly string[]): string {
  const plugins = [...new Set(origins)].join(' ')
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${IMPORT_MAP_HASH}'`,
    "style-src 'self'",
    "connect-src 'self'",
    `img-src 'self' data: blob: ${plugins}`,
    `media-src blob: ${plugins}`,
    `frame-src ${plugins}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join('; ')
}
