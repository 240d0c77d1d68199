import { defineChannel } from 'channel-kit/channel'
import { check } from './check.ts'
import { addItems, closeLot, openLot } from './gateway-lots.ts'
import { sendPhone } from './invoice.ts'
import { keyOf, limitsOf } from './lot-key.ts'
import { phoneDedupe, phoneItem } from './phone-item.ts'
import type { Service } from './profile.ts'
import { routeChoices } from './routes.ts'
import { Options, PhoneSettings } from './settings.ts'

const MIB = 1024 * 1024

/** SMS, WhatsApp and RCS in Brazil. The gateway takes messages and tells nothing of them afterwards. */
export default defineChannel({
  name: 'bpmessage',
  info: {
    name: 'BpMessage',
    description: 'SMS, WhatsApp and RCS messages in lots',
    developer: { name: 'LEADVERTEX', email: 'support@salesrender.com', hostname: 'salesrender.com' }
  },
  icon: new URL('../icon.png', import.meta.url),
  translations: new URL('../translations/', import.meta.url),
  options: Options,
  settings: PhoneSettings,
  dedupes: false,
  uploads: { default: { pdf: 10 * MIB, jpg: 5 * MIB, jpeg: 5 * MIB, png: 5 * MIB } },

  capabilities: () => ({
    contactType: 'phone',
    subject: true,
    typing: false,
    formats: ['text'],
    incoming: false,
    outgoing: true,
    writeFirst: true,
    statuses: ['sent', 'error'],
    attachments: ['file', 'image']
  }),

  send: sendPhone,
  lots: {
    limits: limitsOf,
    async prepare(message, tools) {
      if (tools.settings.lots.mode[0] === 'single') return { kind: 'alone' }
      const made = phoneItem(message, tools)
      if ('refused' in made) return { kind: 'rejected', reason: made.refused }
      const { draft, item, service } = made
      // The chat's subject is the campaign.
      const campaign = draft.campaign || draft.subject
      return {
        kind: 'item',
        ...keyOf({ ...draft, campaign }, service, tools.settings, tools.now()),
        item,
        dedupe: phoneDedupe(item)
      }
    },
    open: (lot, tools) => openLot('phone', lot, tools),
    add: (lot, items, tools) => addItems('phone', lot, items, tools),
    close: (lot, tools) => closeLot('phone', lot, tools)
  },
  check: tools => check((tools.settings.route.service[0] ?? 'sms') as Service, tools),
  autocompletes: {
    routes: routeChoices(([service, crmId, portfolio]) => ({ service: keyIn(service), crmId, portfolio }))
  }
})

const keyIn = (list: unknown) => (Array.isArray(list) ? list[0] : list)
