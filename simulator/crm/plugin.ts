import { randomBytes, randomUUID } from 'node:crypto'
import { type Answer, type Call, caller } from './caller.ts'
import { createConversations, type Draft } from './conversations.ts'
import type { Exchanges } from './exchanges.ts'
import type { Feed } from './feed.ts'
import type { Message, PluginSummary, Reference, Registered, Status } from './model.ts'
import { protectedRoutes, type Secrets } from './plugin-routes.ts'
import type { Claims, TokenSigner } from './tokens.ts'

export interface PluginOptions {
  key: string
  name: string
  selfUri: string
  reference: Reference
}

export interface Registration {
  hpt?: string
  country?: string
  currency?: string
}

interface Cluster {
  sign: TokenSigner
  exchanges: Exchanges
  feed: Feed
}

/** A plugin as the CRM sees it: its identity, its registration, and all requests to it. */
export function createPlugin({ key, name, selfUri, reference }: PluginOptions, { sign, exchanges, feed }: Cluster) {
  const conversations = createConversations(key, feed)
  const call = caller(key, selfUri, exchanges)
  const secrets: Secrets = { paths: [] }
  let registration: Registered | null = null
  let hpt: string | null = null

  const summary = (): PluginSummary => ({ key, name, selfUri, reference, registration })

  const token = (claims: Claims = {}) => sign({ selfUri, reference }, { jti: randomUUID(), settings: true, ...claims })

  /** Any request with the plugin's token; a header given here replaces the usual one. */
  const ask = async ({ headers, ...rest }: Call, language = 'en_US'): Promise<Answer> => {
    return call({ ...rest, headers: { 'x-plugin-token': await token(), ...accepting(language), ...headers } })
  }

  const speaking = (language: string) => protectedRoutes(request => ask(request, language), secrets)

  const post = (method: string, path: string, body: unknown) =>
    call({ method, path, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

  /** Posts a body claim as it is, however malformed. */
  const special = async (body: unknown) =>
    post('POST', 'special/send', { request: await sign({ selfUri, reference }, { body }) })

  return {
    key,
    name,
    selfUri,
    reference,
    conversations,
    summary,
    token,
    ask,
    special,
    ...speaking('en_US'),
    /** The same protected routes, asked in another language. */
    speaking,
    info: (language = 'en_US') => call({ method: 'GET', path: 'info', headers: accepting(language) }),
    /** The secret shared at the last registration. */
    hpt: () => hpt,

    async register({
      hpt: secret = randomBytes(32).toString('hex'),
      country = 'RU',
      currency = 'RUB'
    }: Registration = {}) {
      const claims = { HPT: secret, country, currency }
      const answer = await post('PUT', 'registration', { registration: await sign({ selfUri, reference }, claims) })
      if (answer.status === 200) {
        hpt = secret
        registration = { country, currency, at: new Date().toISOString() }
        feed.publish({ type: 'plugin', plugin: summary() })
      }
      return answer
    },

    async send(draft: Draft): Promise<{ message: Message; answer: Answer }> {
      const message = conversations.outgoing(draft)
      const { id, content, attachments, subject } = message
      const chat = { id: draft.contact, contact: draft.contact, subject }
      try {
        const answer = await special({ chat, message: { id, content, attachments } })
        if (answer.status === 202) conversations.accepted(id)
        else conversations.refused(id, refusal(answer))
        return { message, answer }
      } catch (error) {
        conversations.refused(id, error instanceof Error ? error.message : String(error))
        throw error
      }
    },

    /** Statuses of a message in the order in which the plugin reported them. */
    statuses: (id: string): readonly Status[] => conversations.message(id)?.statuses ?? []
  }
}

export type Plugin = ReturnType<typeof createPlugin>

const accepting = (language: string) => ({ 'accept-language': language.replace('_', '-') })

function refusal({ status, json }: Answer): string {
  const said = json && typeof json === 'object' && 'message' in json ? String(json.message) : ''
  return said || `The plugin answered ${status}`
}
