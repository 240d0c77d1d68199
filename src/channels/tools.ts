import { neverSent } from 'channel-kit/network'
import type { Tools } from 'channel-kit/tools'
import type { FastifyBaseLogger } from 'fastify'
import type { Outbound } from '../http-client/address-policy.ts'
import type { RecallOf } from '../inbound/recall.ts'
import { numbered } from '../protocol/contact.ts'
import { translate } from '../protocol/language.ts'
import type { Data } from '../protocol/settings.ts'
import type { Registration } from '../registrations/store.ts'
import type { Spool } from '../storage/spool.ts'
import { extensionOf, isSafeExtension, type Uploads } from '../storage/uploads.ts'
import { type Mounted, webhookAddress } from './load.ts'
import type { NotesStore } from './notes.ts'

/** Tools that the host lends a channel for one call. */

interface Deps {
  outbound: Pick<Outbound, 'fetch' | 'budgetOf'>
  uploads: Pick<Uploads, 'keep'>
  spool: Pick<Spool, 'keep'>
  notes: Pick<NotesStore, 'of'>
  recall: RecallOf
  now: () => Date
  log: FastifyBaseLogger
  defaultLanguage: string
}

interface Loan {
  mounted: Mounted
  registration: Registration
  settings: Data
  signal: AbortSignal
  /** Language of the person who will read what comes of it; none for a machine. */
  language?: string
}

export type LendTools = ReturnType<typeof createTools>

/** `sent` tells whether a request may have reached the gateway: what is on its way counts, what never connected does not. */
export function createTools({ outbound, uploads, spool, notes, recall, now, log, defaultLanguage }: Deps) {
  const logs = new WeakMap<Registration, Tools['log']>()
  const logOf = (registration: Registration): Tools['log'] => {
    const kept = logs.get(registration) ?? log.child({ channel: registration.channel, registration: registration.id })
    logs.set(registration, kept)
    return kept
  }

  return async ({
    mounted,
    registration,
    settings,
    signal,
    language
  }: Loan): Promise<{ tools: Tools; sent: () => boolean }> => {
    let calls = 0
    const budget = outbound.budgetOf(registration.id)
    const fetch: Tools['fetch'] = async (input, init) => {
      calls += 1
      try {
        return await outbound.fetch(input, init, { ...(init?.signal === signal ? {} : { deadline: signal }), budget })
      } catch (error) {
        if (neverSent(error)) calls -= 1
        throw error
      }
    }
    const languages = language ? [language, defaultLanguage] : [defaultLanguage]

    return {
      sent: () => calls > 0,
      tools: {
        settings,
        options: mounted.options,
        fetch,
        signal,
        now,
        log: logOf(registration),
        translate: (category, message, params) => translate(mounted.catalogues, languages, category, message, params),
        async upload(name, bytes) {
          const extension = extensionOf(name)
          return `${mounted.selfUri}uploaded/${await uploads.keep(registration, isSafeExtension(extension) ? extension : 'bin', bytes)}`
        },
        spool: bytes => spool.keep(registration.id, bytes),
        webhookUrl: webhookAddress(mounted, registration.webhookToken),
        notes: await notes.of(registration.id),
        recall: asked =>
          recall(
            registration.id,
            mounted.phones ? asked.map(one => ({ ...one, contact: numbered(one.contact) })) : asked
          )
      }
    }
  }
}
