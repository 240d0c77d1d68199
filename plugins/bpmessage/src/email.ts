import { defineChannel } from 'channel-kit/channel'
import { check } from './check.ts'
import { emailDedupe, emailItem } from './email-item.ts'
import { addItems, closeLot, openLot } from './gateway-lots.ts'
import { sendEmail } from './invoice.ts'
import { keyOf, limitsOf } from './lot-key.ts'
import { routeChoices } from './routes.ts'
import { EmailSettings, Options } from './settings.ts'

const MIB = 1024 * 1024

/** E-mail by the same gateway. */
export default defineChannel({
  name: 'bpmessage-email',
  info: {
    name: 'BpMessage e-mail',
    description: 'E-mail in lots',
    developer: { name: 'LEADVERTEX', email: 'support@salesrender.com', hostname: 'salesrender.com' }
  },
  icon: new URL('../icon.png', import.meta.url),
  translations: new URL('../translations/', import.meta.url),
  options: Options,
  settings: EmailSettings,
  dedupes: false,
  uploads: { default: { '*': 10 * MIB } },

  capabilities: () => ({
    contactType: 'email',
    subject: true,
    typing: false,
    formats: ['text', 'markdown', 'html'],
    incoming: false,
    outgoing: true,
    writeFirst: true,
    statuses: ['sent', 'error'],
    attachments: ['file', 'image']
  }),

  send: sendEmail,
  lots: {
    limits: limitsOf,
    async prepare(message, tools) {
      if (tools.settings.lots.mode[0] === 'single') return { kind: 'alone' }
      const made = emailItem(message, tools)
      if ('refused' in made) return { kind: 'rejected', reason: made.refused }
      const { draft, item } = made
      return { kind: 'item', ...keyOf(draft, 'email', tools.settings, tools.now()), item, dedupe: emailDedupe(item) }
    },
    open: (lot, tools) => openLot('email', lot, tools),
    add: (lot, items, tools) => addItems('email', lot, items, tools),
    close: (lot, tools) => closeLot('email', lot, tools)
  },
  check: tools => check('email', tools),
  autocompletes: { routes: routeChoices(([crmId, portfolio]) => ({ service: 'email', crmId, portfolio })) }
})
