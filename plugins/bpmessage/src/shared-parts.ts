import type { LookupTools } from 'channel-kit/channel'
import { text } from 'channel-kit/json'
import type { Lots } from 'channel-kit/lots'
import type { Outgoing } from 'channel-kit/outcome'
import { listedTemplates, readTemplates } from 'channel-kit/template-list'
import type { Tools } from 'channel-kit/tools'
import type { Static } from 'typebox'
import type { Draft } from './draft.ts'
import { addItems, closeLot, openLot } from './gateway-lots.ts'
import { keyOf, limitsOf } from './lot-key.ts'
import type { Kind, Service } from './profile.ts'
import type { Refusal } from './refusal.ts'
import { type CommonSettings, Options } from './settings.ts'

/** Parts that both channels share. */

export const COMMON = {
  icon: new URL('../icon.png', import.meta.url),
  translations: new URL('../translations/', import.meta.url),
  options: Options,
  dedupes: false,
  templates: {
    async list({ settings: { templates } }: LookupTools) {
      return listedTemplates(await readTemplates(text(templates?.body)))
    }
  }
} as const

export const DEVELOPER = { name: 'LEADVERTEX', email: 'support@salesrender.com', hostname: 'salesrender.com' }

/** The gateway takes messages and tells nothing of them afterwards. */
export const ONE_WAY = {
  subject: true,
  typing: false,
  incoming: false,
  outgoing: true,
  writeFirst: true,
  statuses: ['sent', 'error'],
  attachments: ['file', 'image']
} as const

type OperatorOptions = Static<typeof Options>

interface Made {
  draft: Draft
  service: Service
  item: unknown
  dedupe: string
}

export const lotsOf = <Settings extends CommonSettings>(
  kind: Kind,
  make: (message: Outgoing, tools: Tools<Settings, OperatorOptions>) => Promise<Made | Refusal>
): Lots<Settings, OperatorOptions> => ({
  limits: (settings, key) => limitsOf(kind, settings, key),
  async prepare(message, tools) {
    const made = await make(message, tools)
    if ('refused' in made) return { kind: 'rejected', reason: made.refused }
    const { draft, service, item, dedupe } = made
    const inLot = keyOf(draft, service, tools.settings, tools.now())
    // A lot is the only way in which an e-mail waits for its time.
    if (tools.settings.lots.mode[0] === 'single' && !(kind === 'email' && draft.schedule)) return { kind: 'alone' }
    return { kind: 'item', ...inLot, item, dedupe }
  },
  open: (lot, tools) => openLot(kind, lot, tools),
  add: (lot, items, tools) => addItems(kind, lot, items, tools),
  close: (lot, tools) => closeLot(kind, lot, tools)
})
