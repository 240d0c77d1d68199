import multipart, { type Multipart, type MultipartFile } from '@fastify/multipart'
import type { UploadPermissions } from 'channel-kit/channel'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Mounted } from '../channels/load.ts'
import type { Registration } from '../registrations/store.ts'
import { NoRoom } from '../storage/quota.ts'
import { extensionOf, isPlain, TooLarge, type Uploads } from '../storage/uploads.ts'
import { BadRequest, Unacceptable } from './errors.ts'

/** The uploader that has the bare path. */
const DEFAULT = 'default'
const MOST_PARTS = 100

interface Deps {
  mounted: Mounted
  uploads: Pick<Uploads, 'keep' | 'discard'>
}

/** A file, kept under a path, or why it is not. */
type Taken = { path: string } | { code: number; message: string }

/** Takes files for the CRM. Source: docs/protocol.md, "Uploads". */
export async function uploadRoutes(app: FastifyInstance, { mounted, uploads }: Deps): Promise<void> {
  await app.register(multipart, {
    limits: { fileSize: Number.POSITIVE_INFINITY, files: MOST_PARTS, parts: MOST_PARTS }
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

  /** Of several files the last one counts; all are read, since the field may come in any place. */
  async function takeLast(request: FastifyRequest, permissions: UploadPermissions): Promise<Taken | undefined> {
    let last: Taken | undefined
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

  async function take(part: MultipartFile, owner: Registration, permissions: UploadPermissions): Promise<Taken> {
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

/** A file may be called `x.constructor`. */
const limitOf = (extension: string, permissions: UploadPermissions): number | undefined =>
  Object.hasOwn(permissions, extension) ? permissions[extension] : permissions['*']

function refusalOf(extension: string, permissions: UploadPermissions): { code: number; message: string } | undefined {
  if (extension === '' || extension === '0')
    return { code: 403, message: 'Files without extension can not be uploaded' }
  const permitted = Object.hasOwn(permissions, extension) || Object.hasOwn(permissions, '*')
  return permitted && isPlain(extension)
    ? undefined
    : { code: 415, message: `Files with *.${extension} can not be uploaded` }
}
