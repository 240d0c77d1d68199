import { readFile } from 'node:fs/promises'
import { defineChannel } from 'channel-kit/channel'
import { Type } from 'typebox'
import { findStatuses, note, table } from './lookups.ts'
import { formIn, Settings } from './settings.ts'

const PAGE = new URL('./iframe.html', import.meta.url)

/** No gateway at all: a settings form that uses every field definition, for those who build forms or draw them. */
export default defineChannel({
  name: 'form-gallery',
  info: {
    name: 'Form gallery',
    description: 'A settings form with every kind of field',
    developer: { name: 'LEADVERTEX', email: 'support@salesrender.com', hostname: 'salesrender.com' }
  },
  icon: new URL('../icon.png', import.meta.url),
  translations: new URL('../translations/', import.meta.url),
  options: Type.Object({}),
  settings: Settings,
  form: formIn,
  dedupes: true,
  uploads: { default: { jpg: 1000, png: 2000 }, voice: {} },
  autocompletes: { status: findStatuses },
  tables: { table1: table },
  markdowns: { md1: note },

  capabilities: () => ({
    contactType: 'phone',
    subject: false,
    typing: false,
    formats: ['text'],
    incoming: false,
    outgoing: true,
    writeFirst: true,
    statuses: ['error'],
    attachments: []
  }),

  async send() {
    return { kind: 'rejected', reason: 'the form gallery sends nothing' }
  },

  async routes(app) {
    app.get('/iframe/index.html', async (_request, reply) =>
      reply.type('text/html; charset=utf-8').send(await readFile(PAGE, 'utf8'))
    )
  }
})
