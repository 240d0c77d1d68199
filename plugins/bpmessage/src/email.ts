import { defineChannel } from 'channel-kit/channel'
import { check } from './check.ts'
import { emailDedupe, emailItem } from './email-item.ts'
import { sendEmail } from './invoice.ts'
import { reasonIn } from './refusal.ts'
import { routeState } from './route-state.ts'
import { routeChoices } from './routes.ts'
import { EmailSettings, type EmailTools } from './settings.ts'
import { COMMON, DEVELOPER, lotsOf, ONE_WAY } from './shared-parts.ts'

const MIB = 1024 * 1024

/** E-mail by the same gateway. */
export default defineChannel({
  ...COMMON,
  name: 'bpmessage-email',
  info: { name: 'BpMessage e-mail', description: 'E-mail in lots', developer: DEVELOPER },
  settings: EmailSettings,
  uploads: { default: { '*': 10 * MIB } },
  capabilities: () => ({ ...ONE_WAY, contactType: 'email', formats: ['text', 'markdown', 'html'] }),

  send: sendEmail,
  refusal: async (message, tools) => reasonIn(await emailItem(message, tools)),
  lots: lotsOf<EmailTools['settings']>('email', async (message, tools) => {
    const made = await emailItem(message, tools)
    return 'refused' in made ? made : { ...made, service: 'email', dedupe: emailDedupe(made.item) }
  }),
  check: tools => check('email', tools),
  autocompletes: { routes: routeChoices(([crmId, portfolio]) => ({ service: 'email', crmId, portfolio })) },
  markdowns: { route: routeState(() => 'email') }
})
