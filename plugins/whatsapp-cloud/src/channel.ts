import { defineChannel } from 'channel-kit/channel'
import { ATTACHMENT_TYPES, FORMATS, STATUSES } from 'channel-kit/chat'
import { download } from './download/download.ts'
import { receive } from './incoming/receive.ts'
import { verify } from './incoming/verify.ts'
import { check } from './lookups/check.ts'
import { health } from './lookups/health.ts'
import { allTemplates, templates } from './lookups/templates.ts'
import { webhook } from './lookups/webhook.ts'
import { Options } from './options.ts'
import { read } from './poll.ts'
import { refusal } from './sending/recipient.ts'
import { CONFIRM_MS, send } from './sending/send.ts'
import { Settings } from './settings.ts'

const MIB = 1024 * 1024

/** Meta sends 3 MB at most. */
const WEBHOOK_LIMIT = 4 * MIB

/** Meta's WhatsApp Cloud API, without anybody between. README.md. */
export default defineChannel({
  name: 'whatsapp-cloud',
  info: {
    name: 'WhatsApp',
    description: 'WhatsApp by the Cloud API of Meta',
    developer: { name: 'LEADVERTEX', email: 'support@salesrender.com', hostname: 'salesrender.com' }
  },
  icon: new URL('../icon.png', import.meta.url),
  translations: new URL('../translations/', import.meta.url),
  options: Options,
  settings: Settings,
  dedupes: false,
  confirmsMs: CONFIRM_MS,
  limits: ({ limits: { perSecond = 60, contactPerMinute = 10, contactBurst = 10 } }) => ({
    perSecond,
    perContact: { perSecond: contactPerMinute / 60, burst: contactBurst }
  }),
  uploads: {
    default: { '*': 100 * MIB },
    image: { jpg: 5 * MIB, jpeg: 5 * MIB, png: 5 * MIB },
    voice: { ogg: 16 * MIB, oga: 16 * MIB, opus: 16 * MIB, mp3: 16 * MIB, m4a: 16 * MIB, aac: 16 * MIB, amr: 16 * MIB }
  },

  capabilities: () => ({
    contactType: 'phone',
    subject: false,
    typing: false,
    formats: FORMATS,
    incoming: true,
    outgoing: true,
    writeFirst: true,
    statuses: STATUSES,
    attachments: ATTACHMENT_TYPES
  }),

  send,
  templates: { list: allTemplates },
  refusal,
  webhook: { bodyLimit: WEBHOOK_LIMIT, account: ({ account }) => account.phoneNumberId, verify, receive },
  download,
  poll: { cron: '*/5 * * * *', read },
  check,
  autocompletes: { templates },
  markdowns: { webhook, health }
})
