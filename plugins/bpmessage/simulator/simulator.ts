import { setTimeout as delay } from 'node:timers/promises'
import { isLocal, type Received, type Simulator } from 'channel-kit/simulator'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import type { Kind, ProfileName } from '../src/profile.ts'
import { type Behaviour, type Call, type Done, doCall, paths } from './endpoints.ts'
import { type Fault, openFaults } from './faults.ts'
import { type FakeLot, type Item, openStore, type Store } from './store.ts'
import { violationsOf } from './violations.ts'

/** BpMessage to play with: all of its API on the loopback, and everything that can go wrong with it. */

export interface FakeBpMessage extends Simulator {
  /** The settings for the e-mail channel. */
  emailSettings: Simulator['settings']
  faults: Pick<ReturnType<typeof openFaults>, 'plan' | 'clear'>
  /** Lots, messages and calls; a test may change the routes. */
  store: Store
  behaviour: Behaviour
  lots(): readonly FakeLot[]
  /** Violations of rules that no caller may break, in words; empty is well. */
  violations(): readonly string[]
}

/** Five thousand e-mails of HTML. */
const BODY_LIMIT = 256 * 1024 * 1024

export async function startSimulator(given: Partial<Behaviour> = {}): Promise<FakeBpMessage> {
  const behaviour: Behaviour = {
    profile: 'current',
    strict: true,
    unknownLot: 404,
    finishedLot: 'false',
    refuses: () => undefined,
    now: () => new Date(),
    ...given
  }
  const store = openStore()
  const faults = openFaults()
  const app = Fastify({ bodyLimit: BODY_LIMIT, forceCloseConnections: true })
  app.addHook('onRequest', async ({ headers }, reply) => {
    if (!isLocal(headers)) return reply.code(421).send('This gateway answers at 127.0.0.1 only')
  })
  // FinishLot is posted without a body.
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, text ? JSON.parse(String(text)) : undefined)
    } catch (error) {
      done(error as Error, undefined)
    }
  })
  app.get('/api', async () => ({}))
  for (const { endpoint, kind, method, path } of paths())
    app.route({
      method,
      url: path,
      handler: (request, reply) => answer(request, reply, { endpoint, kind, ...asked(request) })
    })

  async function answer(request: FastifyRequest, reply: FastifyReply, call: Call) {
    const fault = faults.next(call.endpoint, call.endpoint === 'routes' ? undefined : call.kind)
    const { method, url: path, headers, body } = request
    const logged = { method, path, headers, body, status: undefined as number | undefined }
    store.calls.push(logged)
    const doubt = (done: Done | undefined) => {
      const lot = store.lots.find(({ id }) => id === (done?.lot ?? call.id))
      if (lot) lot.doubtful = true
    }
    if (fault?.kind === 'delay') await delay(fault.ms, undefined, { ref: false })
    if (fault?.kind === 'drop-before') {
      doubt(undefined)
      return broken(reply)
    }
    if (fault?.kind === 'status') {
      logged.status = fault.status
      return reply
        .code(fault.status)
        .headers(fault.headers ?? {})
        .send(fault.body ?? '')
    }

    const done = doCall(store, behaviour, call)
    if (fault?.kind === 'drop-after' || fault?.kind === 'answer') doubt(done)
    if (fault?.kind === 'drop-after') return broken(reply)
    const { status, text } = shown(done, fault)
    logged.status = status
    return reply.code(status).type('application/json').send(text)
  }

  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    variables: { OUTBOUND_ALLOW: '127.0.0.0/8' },
    settings: settingsOf(url, behaviour.profile, 'phone'),
    emailSettings: settingsOf(url, behaviour.profile, 'email'),
    // The gateway reports nothing.
    connect: async () => {},
    received: () => receivedOf(store),
    close: () => app.close(),
    faults,
    store,
    behaviour,
    lots: () => store.lots,
    violations: () => violationsOf(store)
  }
}

const asked = ({ params, query, body }: FastifyRequest): Pick<Call, 'id' | 'query' | 'body'> => ({
  id: Number((params as { id?: string }).id ?? 0),
  query: query as Call['query'],
  body
})

function broken(reply: FastifyReply) {
  reply.hijack()
  reply.raw.socket?.destroy()
}

function shown({ status, body }: Done, fault: Fault | undefined): { status: number; text: string } {
  if (fault?.kind === 'answer') return { status: fault.status ?? status, text: fault.body }
  if (fault?.kind !== 'shape' || status !== 200) return { status, text: JSON.stringify(body) }
  return { status, text: JSON.stringify(fault.shape === 'text' ? String(body) : { [fault.shape]: body }) }
}

const settingsOf = (url: string, profile: ProfileName, kind: Kind): Simulator['settings'] => ({
  connection: { apiUrl: url, profile: [profile], timeZone: 'America/Sao_Paulo' },
  route: {
    ...(kind === 'phone' ? { service: ['sms'] } : {}),
    crmId: 1,
    portfolio: '11002',
    route: ['5018'],
    control: false
  },
  ...(kind === 'email' ? { sender: { from: 'shop@example.com' } } : {}),
  lots: { mode: ['auto'], batchSize: 1000, timeWindow: 3, dispatchWindow: 86_400, retryUnknown: false },
  message: { contract: '{contact}', cpfCnpj: '529.982.247-25' }
})

const receivedOf = ({ arrivals, invoices }: Store): Received[] =>
  [...arrivals, ...invoices]
    .toSorted((a, b) => a.at.getTime() - b.at.getTime())
    .map(({ kind, item, at }) => ({ at, ...(kind === 'phone' ? phoneMessage(item) : emailMessage(item)) }))

const phoneMessage = ({ areaCode, phone, text, idTemplate, attachUrl }: Item) => ({
  contact: `+55${areaCode}${phone}`,
  text: String(text ?? `template ${idTemplate}`),
  files: attachUrl ? [String(attachUrl)] : []
})

const emailMessage = ({ to, subject, body, attachments }: Item) => ({
  contact: String(to),
  subject: String(subject),
  text: String(body),
  html: true,
  files: Array.isArray(attachments) ? attachments.map(({ fileURL }) => String(fileURL)) : []
})
