import { defineChannel } from 'channel-kit/channel'
import { check } from './check.ts'
import { sendPhone } from './invoice.ts'
import { phoneDedupe, phoneItem } from './phone-item.ts'
import type { Service } from './profile.ts'
import { reasonIn } from './refusal.ts'
import { routeState } from './route-state.ts'
import { routeChoices } from './routes.ts'
import { PhoneSettings, type PhoneTools } from './settings.ts'
import { COMMON, DEVELOPER, lotsOf, ONE_WAY } from './shared-parts.ts'

const MIB = 1024 * 1024

/** SMS, WhatsApp and RCS in Brazil. */
export default defineChannel({
  ...COMMON,
  name: 'bpmessage',
  info: { name: 'BpMessage', description: 'SMS, WhatsApp and RCS messages in lots', developer: DEVELOPER },
  settings: PhoneSettings,
  uploads: { default: { pdf: 10 * MIB, jpg: 5 * MIB, jpeg: 5 * MIB, png: 5 * MIB } },
  capabilities: () => ({ ...ONE_WAY, contactType: 'phone', formats: ['text'] }),

  send: sendPhone,
  refusal: async (message, tools) => reasonIn(await phoneItem({ ...message, id: '' }, tools)),
  lots: lotsOf<PhoneTools['settings']>('phone', async (message, tools) => {
    const made = await phoneItem(message, tools)
    if ('refused' in made) return made
    const { draft, item, service } = made
    // The chat's subject is the campaign.
    return { draft: { ...draft, campaign: draft.campaign || draft.subject }, service, item, dedupe: phoneDedupe(item) }
  }),
  check: tools => check(serviceOf(tools.settings.route), tools),
  autocompletes: {
    routes: routeChoices(([service, crmId, portfolio]) => ({ service: keyIn(service), crmId, portfolio }))
  },
  markdowns: { route: routeState(route => serviceOf(route)) }
})

const serviceOf = ({ service = [] }: Partial<PhoneTools['settings']['route']>) => (service[0] ?? 'sms') as Service

const keyIn = (list: unknown) => (Array.isArray(list) ? list[0] : list)
