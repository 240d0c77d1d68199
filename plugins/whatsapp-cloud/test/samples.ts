import type { AttachmentType } from 'channel-kit/chat'
import Fastify from 'fastify'
import type { Test } from 'tap'

/** Beginnings of files, by which they are known. */
const SAMPLES = {
  jpeg: Buffer.from('ffd8ffe000104a46494600010100000100010000ffdb0043', 'hex'),
  png: Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex'),
  gif: Buffer.from('47494638396101000100800000', 'hex'),
  webp: Buffer.concat([Buffer.from('RIFF'), Buffer.from([36, 0, 0, 0]), Buffer.from('WEBPVP8 '), Buffer.alloc(24)]),
  pdf: Buffer.from('%PDF-1.7\n1 0 obj\n'),
  mp4: Buffer.concat([
    Buffer.from([0, 0, 0, 24]),
    Buffer.from('ftypisom'),
    Buffer.from([0, 0, 2, 0]),
    Buffer.from('isomiso2')
  ]),
  m4a: Buffer.concat([
    Buffer.from([0, 0, 0, 24]),
    Buffer.from('ftypM4A '),
    Buffer.from([0, 0, 2, 0]),
    Buffer.from('M4A isom')
  ]),
  mp3: Buffer.concat([
    Buffer.from('ID3'),
    Buffer.from([4, 0, 0, 0, 0, 0, 0]),
    Buffer.from('fffb9064', 'hex'),
    Buffer.alloc(512)
  ]),
  amr: Buffer.from('#!AMR\n<$'),
  wav: Buffer.concat([Buffer.from('RIFF'), Buffer.from([36, 0, 0, 0]), Buffer.from('WAVEfmt '), Buffer.alloc(24)]),
  webm: Buffer.from('1a45dfa39f4286810142f7810142f2810442f381084282847765626d', 'hex'),
  opus: oggPage(Buffer.concat([Buffer.from('OpusHead'), Buffer.from('0101380180bb0000000000', 'hex')])),
  vorbis: oggPage(Buffer.concat([Buffer.from('01766f72626973', 'hex'), Buffer.alloc(23)])),
  /** A recording of Android, in the container of films. */
  mp42: Buffer.concat([
    Buffer.from([0, 0, 0, 24]),
    Buffer.from('ftypmp42'),
    Buffer.from([0, 0, 0, 0]),
    Buffer.from('isommp42')
  ]),
  mov: Buffer.concat([Buffer.from([0, 0, 0, 20]), Buffer.from('ftypqt  '), Buffer.alloc(8)]),
  heic: Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic'), Buffer.alloc(4), Buffer.from('mif1heic')]),
  zip: Buffer.concat([Buffer.from('504b030414000000', 'hex'), Buffer.alloc(64)]),
  xml: Buffer.from('<?xml version="1.0"?><a/>'),
  xls: Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(600)]),
  doc: Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(600)]),
  text: Buffer.from('just words'),
  empty: Buffer.alloc(0)
} as const

function oggPage(packet: Buffer): Buffer {
  const head = Buffer.concat([
    Buffer.from('OggS'),
    Buffer.from([0, 2]),
    Buffer.alloc(20),
    Buffer.from([1, packet.length])
  ])
  return Buffer.concat([head, packet])
}

/** A place where the CRM keeps what its agents attach. */
export async function storage(t: Test) {
  const app = Fastify({ forceCloseConnections: true })
  let base = ''
  const large = new Map<string, number>()
  app.get<{ Params: { name: string } }>('/files/:name', async ({ params: { name } }, reply) => {
    const sample = SAMPLES[name.split('.').at(-1)?.split('-')[0] as keyof typeof SAMPLES]
    if (!sample) return reply.code(404).send('no such file')
    const bytes = Buffer.concat([sample, Buffer.alloc(large.get(name) ?? 0)])
    return reply.type('application/octet-stream').send(bytes)
  })
  app.get('/moved', async (_request, reply) => reply.redirect('/files/a.png'))
  app.get('/round', async (_request, reply) => reply.redirect('/round'))
  app.get('/broken', async (_request, reply) => reply.code(503).send())
  app.get('/huge', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-length': 101 * 1024 * 1024 }).write('x')
  })
  base = await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  return {
    base,
    /** A file of a kind, with as many bytes more as are wanted. */
    attach: (name: string, type: AttachmentType = 'file', more = 0) => {
      large.set(name, more)
      return { name, uri: `${base}/files/${name}`, type }
    },
    at: (path: string, name = '') => ({ name, uri: `${base}${path}`, type: 'file' as const })
  }
}
