import { createHash, randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { plainType } from '../src/incoming/media.ts'
import { refusalBody } from './faults.ts'
import type { Handle } from './handle.ts'
import { type State, type StoredFile, URL_LIFE_MS } from './state.ts'

const OFFICE = 'application/vnd.openxmlformats-officedocument'

/** All that Meta takes by an upload, as it says itself when it refuses another. */
const TAKEN = [
  ...['aac', 'mp4', 'mpeg', 'amr', 'ogg', 'opus'].map(type => `audio/${type}`),
  'application/vnd.ms-powerpoint',
  'application/msword',
  `${OFFICE}.wordprocessingml.document`,
  `${OFFICE}.presentationml.presentation`,
  `${OFFICE}.spreadsheetml.sheet`,
  'application/pdf',
  'text/plain',
  'application/vnd.ms-excel',
  ...['jpeg', 'png', 'webp'].map(type => `image/${type}`),
  ...['mp4', '3gpp'].map(type => `video/${type}`)
]

const MOST_BYTES = 110 * 1024 * 1024

/** Files: stored by an upload, found by an id, read by an address that ends after five minutes. */
export function fileRoutes(app: FastifyInstance, state: State, handle: Handle): void {
  app.addContentTypeParser(/^multipart\//, { parseAs: 'buffer', bodyLimit: MOST_BYTES }, (_request, body, done) =>
    done(null, body)
  )

  app.post<{ Body: Buffer }>(
    '/:version/:owner/media',
    handle('upload', async (request, reply) => {
      const type = String(request.headers['content-type'])
      const form = await new Response(new Uint8Array(request.body as Buffer), {
        headers: { 'content-type': type }
      }).formData()
      const file = form.get('file')
      if (!(file instanceof File) || form.get('messaging_product') !== 'whatsapp')
        return reply.code(400).send(refusalBody(100, 'There is no file'))
      const mime = String(form.get('type') ?? file.type)
      const received = [mime, file.type].map(plainType).find(one => !TAKEN.includes(one))
      if (received !== undefined) {
        const types = `one of the following types: ${TAKEN.join(', ')}. Received file of type '${received}'.`
        return reply.code(400).send(refusalBody(100, '', { message: `(#100) Param file must be a file with ${types}` }))
      }
      return { id: keep(state, Buffer.from(await file.arrayBuffer()), mime, file.name).id }
    })
  )

  app.get<{ Params: { id: string } }>(
    '/:version/:id',
    handle('info', async (request, reply) => {
      const { id } = request.params as { id: string }
      const file = state.media.get(id)
      if (!file)
        return reply.code(400).send(
          refusalBody(100, '', {
            error_subcode: 33,
            message: `Unsupported get request. Object with ID '${id}' does not exist`
          })
        )
      return {
        messaging_product: 'whatsapp',
        url: addressOf(state, file, `http://${request.headers.host}`),
        mime_type: file.mime,
        sha256: Buffer.from(file.sha256, 'base64').toString('hex'),
        file_size: file.bytes.length,
        id
      }
    })
  )

  app.get<{ Params: { key: string } }>(
    '/bytes/:key',
    handle('bytes', async (request, reply) => {
      const { key } = request.params as { key: string }
      const file = [...state.media.values()].find(stored => stored.key === key)
      if (!file || file.expiresAt <= state.now()) return reply.code(404).send({ error: 'URL signature expired' })
      return reply.type(file.mime).send(file.bytes)
    })
  )
}

/** Customers read what was delivered to them without a token, for as long as they like. */
export function deliveredRoutes(app: FastifyInstance, state: State): void {
  app.get<{ Params: { id: string } }>('/delivered/:id/:name', async ({ params }, reply) => {
    const file = state.media.get(params.id)
    return file ? reply.type(file.mime).send(file.bytes) : reply.code(404).send({ error: 'No such file' })
  })
}

/** Address of a file as its receiver has it. */
export const deliveredAt = (base: string, { id }: StoredFile, name: string) =>
  `${base}/delivered/${id}/${encodeURIComponent(name || id)}`

export function keep(state: State, bytes: Buffer, mime: string, name: string): StoredFile {
  const file: StoredFile = {
    id: String(1_000_000 + state.media.size),
    mime,
    name,
    bytes,
    sha256: createHash('sha256').update(bytes).digest('base64'),
    key: '',
    expiresAt: new Date(0)
  }
  state.media.set(file.id, file)
  return file
}

/** A new one when the last has expired. */
export function addressOf(state: State, file: StoredFile, base: string): string {
  if (file.expiresAt <= state.now()) {
    file.key = randomBytes(12).toString('hex')
    file.expiresAt = new Date(state.now().getTime() + URL_LIFE_MS)
  }
  return `${base}/bytes/${file.key}`
}
