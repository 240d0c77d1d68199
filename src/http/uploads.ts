import multipart, { type Multipart, type MultipartFile } from '@fastify/multipart'
import fastifyStatic from '@fastify/static'
import type { UploadPermissions } from 'channel-kit/channel'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Mounted } from '../channels/load.ts'
import type { Registration } from '../registrations/store.ts'
import { NoRoom } from '../storage/quota.ts'
import { extensionOf, isSafeExtension, TooLarge, type Uploads } from '../storage/uploads.ts'
import { BadRequest, Unacceptable } from './errors.ts'

/** The uploader that has the bare path. */
const DEFAULT = 'default'
const MAX_PARTS = 100

interface Deps {
  mounted: Mounted
  uploads: Pick<Uploads, 'keep' | 'discard'>
}

/** The path of a kept file, or the refusal. */
type UploadResult = { path: string } | { code: number; message: string }

/** Takes files for the CRM. Source: docs/protocol.md, "Uploads". */
export async function uploadRoutes(app: FastifyInstance, { mounted, uploads }: Deps): Promise<void> {
  await app.register(multipart, {
    limits: { fileSize: Number.POSITIVE_INFINITY, files: MAX_PARTS, parts: MAX_PARTS }
  })

  for (const [name, permissions] of Object.entries(mounted.channel.uploads ?? {}))
    app.post(name === DEFAULT ? '/upload' : `/upload/${name}`, (request, reply) => upload(request, reply, permissions))

  async function upload(request: FastifyRequest, reply: FastifyReply, permissions: UploadPermissions) {
    if (Object.keys(permissions).length === 0) throw new Unacceptable('This plugin do not work with files')
    if (!request.isMultipart()) throw new BadRequest('A file is sent as multipart/form-data, in the field "file"')

    const taken = await takeLast(request, permissions)
    if (!taken) throw new BadRequest('There is no file in the field "file"')
    if ('path' in taken) return { uri: `${mounted.selfUri}uploaded/${taken.path}` }
    return reply.code(taken.code).send({ ...taken, permissions })
  }

  /** Keeps the last of several files; all are read, since the field may come in any place. */
  async function takeLast(request: FastifyRequest, permissions: UploadPermissions): Promise<UploadResult | undefined> {
    let last: UploadResult | undefined
    const discard = async () => {
      if (last && 'path' in last) await uploads.discard(last.path)
    }
    try {
      for await (const part of request.parts()) {
        if (!isFile(part)) continue
        await discard()
        last = await take(part, request.registration, permissions)
      }
      return last
    } catch (error) {
      await discard()
      throw isUnreadable(error) ? new BadRequest('The multipart body cannot be read') : error
    }
  }

  async function take(part: MultipartFile, owner: Registration, permissions: UploadPermissions): Promise<UploadResult> {
    const extension = extensionOf(part.filename)
    const refusal = refusalOf(extension, permissions)
    if (refusal) {
      part.file.resume()
      return refusal
    }
    try {
      return { path: await uploads.keep(owner, extension, part.file, limitOf(extension, permissions)) }
    } catch (error) {
      if (error instanceof TooLarge) return { code: 413, message: 'Files too big and can not be uploaded' }
      if (error instanceof NoRoom) {
        part.file.resume()
        return { code: error.kind === 'quota' ? 413 : 507, message: error.message }
      }
      throw error
    }
  }
}

function isFile(part: Multipart): part is MultipartFile {
  if (part.type !== 'file') return false
  if (part.fieldname === 'file' && part.filename) return true
  part.file.resume()
  return false
}

/** The parser's errors have no code of their own, but for those of its plugin; a disk's have one. */
const isUnreadable = (error: unknown) => error instanceof Error && !('code' in error)

/** `Object.hasOwn`, since a file may be called `x.constructor`. */
const limitOf = (extension: string, permissions: UploadPermissions): number | undefined =>
  Object.hasOwn(permissions, extension) ? permissions[extension] : permissions['*']

function refusalOf(extension: string, permissions: UploadPermissions): { code: number; message: string } | undefined {
  if (extension === '' || extension === '0')
    return { code: 403, message: 'Files without extension can not be uploaded' }
  const permitted = Object.hasOwn(permissions, extension) || Object.hasOwn(permissions, '*')
  return permitted && isSafeExtension(extension)
    ? undefined
    : { code: 415, message: `Files with *.${extension} can not be uploaded` }
}

/** Types that a browser may show; all others are downloads. No type here can run a script. */
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
    // No folders, whose redirect would reveal that they exist, and no drafts of an older version, which were no dotfiles yet.
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
