import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import type { Uploads } from '../storage/uploads.ts'

/** What a browser may show; anything else it may only download. No type here can run a script. */
const SHOWN: ReadonlyMap<string, string> = new Map(
  Object.entries({
    png: 'image/png',
    jpg: 'image/jpeg',
    jpeg: 'image/jpeg',
    gif: 'image/gif',
    webp: 'image/webp',
    ogg: 'audio/ogg',
    oga: 'audio/ogg',
    opus: 'audio/ogg',
    mp3: 'audio/mpeg',
    m4a: 'audio/mp4',
    aac: 'audio/aac',
    amr: 'audio/amr',
    wav: 'audio/wav',
    mp4: 'video/mp4',
    webm: 'video/webm',
    '3gp': 'video/3gpp'
  })
)

/** Serves uploads, whose names and contents strangers choose. Source: docs/protocol.md, "Uploads". */
export async function uploadedRoutes(app: FastifyInstance, { root }: Pick<Uploads, 'root'>): Promise<void> {
  await app.register(fastifyStatic, {
    root,
    prefix: '/uploaded/',
    decorateReply: false,
    index: false,
    dotfiles: 'ignore',
    // No folder, which would tell by its answer that it is there, and no draft of a version that named them so; now they are dotfiles.
    allowedPath: path => !path.endsWith('/') && !/\.[^./]*\.part$/.test(path),
    maxAge: '365d',
    immutable: true,
    setHeaders: (reply, path) => {
      const extension = path.slice(path.lastIndexOf('.') + 1)
      const shown = SHOWN.get(extension)
      reply.header('content-type', shown ?? 'application/octet-stream')
      reply.header(
        'content-disposition',
        `${shown ? 'inline' : 'attachment'}; filename="${path.slice(path.lastIndexOf('/') + 1)}"`
      )
      reply.header('x-content-type-options', 'nosniff')
      reply.header('content-security-policy', "default-src 'none'; sandbox")
      reply.header('cross-origin-resource-policy', 'cross-origin')
    }
  })
}
