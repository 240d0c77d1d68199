import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Serves a page as its files are: an HTML shell, its modules with the types stripped, its styles, libraries. No bundler. */

/** Modules of libraries by the names that pages import, served as they lie in node_modules. */
const LIBRARIES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['preact', 'preact/hooks', 'htm', 'htm/preact', 'marked', 'dompurify'].map(name => [name, name])
  ),
  // Its main file is for Node.
  uplot: 'uplot/dist/uPlot.esm.js'
}
/** Style sheets of libraries. */
const STYLES: Readonly<Record<string, string>> = { 'uplot.css': 'uplot/dist/uPlot.min.css' }

/** Addresses are relative to the shell's, so that a page works below any path. */
const IMPORT_MAP = JSON.stringify({
  imports: {
    ...Object.fromEntries(Object.keys(LIBRARIES).map(name => [name, `./lib/${name}.js`])),
    'page-kit/web/': './kit/'
  }
})
const EMPTY_MAP = '<script type="importmap">{}</script>'

const KIT = new URL('./web/', import.meta.url)
const NAME = /^[a-z0-9-]+(?:\/[a-z0-9-]+){0,2}\.(ts|css)$/

/** The part of a content security policy that the import map of the shell needs beside 'self'. */
export const IMPORT_MAP_SOURCE = `'sha256-${createHash('sha256').update(IMPORT_MAP).digest('base64')}'`

interface Options {
  /** Has `index.html`, and the page's own modules and styles. */
  folder: URL
  /** The content security policy of the page. */
  policy: () => string
}

/** The routes of a page, in a Fastify context of its own. */
export const pageFiles =
  ({ folder, policy }: Options) =>
  async (app: FastifyInstance): Promise<void> => {
    app.get('/', async (request, reply) => {
      // Addresses of the page are relative to a folder. So is this one, since a proxy may have a path in front.
      const [path = ''] = request.url.split('?')
      if (!path.endsWith('/')) return reply.redirect(`${path.slice(path.lastIndexOf('/') + 1)}/`)
      reply.headers({
        'content-security-policy': policy(),
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY'
      })
      const shell = await readFile(new URL('index.html', folder), 'utf8')
      return answer(request, reply, 'text/html', shell.replace(EMPTY_MAP, EMPTY_MAP.replace('{}', IMPORT_MAP)))
    })

    for (const [prefix, root] of [
      ['page', folder],
      ['kit', KIT]
    ] as const)
      app.get<Wild>(`/${prefix}/*`, async (request, reply) => {
        const name = request.params['*']
        const text = NAME.test(name) ? await moduleText(new URL(name, root)) : undefined
        if (text === undefined) return reply.callNotFound()
        return answer(request, reply, name.endsWith('.ts') ? 'text/javascript' : 'text/css', text)
      })

    app.get<Wild>('/lib/*', async (request, reply) => {
      const name = request.params['*']
      const style = own(STYLES, name)
      const library = name.endsWith('.js') ? own(LIBRARIES, name.slice(0, -3)) : undefined
      if (style === undefined && library === undefined) return reply.callNotFound()
      const file = fileURLToPath(import.meta.resolve(style ?? (library as string)))
      return answer(request, reply, style ? 'text/css' : 'text/javascript', await readFile(file, 'utf8'))
    })
  }

const own = (map: Readonly<Record<string, string>>, name: string) => (Object.hasOwn(map, name) ? map[name] : undefined)

interface Wild {
  Params: { '*': string }
}

/** A browser keeps what it has, and asks whether it is still so. */
function answer(request: FastifyRequest, reply: FastifyReply, type: string, text: string) {
  const etag = `"${createHash('sha256').update(text).digest('base64url')}"`
  reply.headers({ etag, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' })
  if (request.headers['if-none-match'] === etag) return reply.code(304).send()
  return reply.type(type).send(text)
}

const stripped = new Map<string, { changedAt: number; text: string }>()

/** Stripped once for each version of the file. */
async function moduleText(file: URL): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined)
  if (!found?.isFile()) return undefined
  const known = stripped.get(file.href)
  if (known?.changedAt === found.mtimeMs) return known.text
  const source = await readFile(file, 'utf8')
  const text = file.pathname.endsWith('.ts') ? stripTypeScriptTypes(source) : source
  stripped.set(file.href, { changedAt: found.mtimeMs, text })
  return text
}
