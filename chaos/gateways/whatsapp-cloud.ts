import { startSimulator } from 'channel-whatsapp-cloud/simulator'
import type { Account } from '../journal.ts'
import type { Call } from '../server.ts'
import { forward } from './forward.ts'
import { type Answer, type Behind, type Gateway, json, unheard } from './gateway.ts'
import { startMailbox } from './mailbox.ts'

/** WhatsApp by its fake Graph API: a phone number for each account. It drops no repetition, but its statuses say which message they are about. */

export const whatsAppCloud: Behind = {
  kinds: [
    { name: 'once', channel: 'whatsapp-cloud', dedupes: false, repeats: false },
    { name: 'insists', channel: 'whatsapp-cloud', dedupes: false, repeats: true, insists: true }
  ],
  open: openWhatsApp
}

async function openWhatsApp(accounts: readonly Account[]): Promise<Gateway> {
  const mailbox = await startMailbox()
  const numbers = await Promise.all(
    accounts.map(async (account, index) => {
      const ids = { phoneNumberId: String(10_000_001 + index), businessAccountId: String(20_000_001 + index) }
      const simulator = await startSimulator({
        change: { account: { ...ids, displayNumber: `1555000000${index}` }, statuses: [] }
      })
      await simulator.connect(mailbox.addressOf(account.key))
      return { account, ids, simulator }
    })
  )
  const simulatorOf = (account: Account) => numbers.find(number => number.account === account)?.simulator as Simulator
  const named = ({ path }: Call) =>
    numbers.find(({ ids }) => Object.values(ids).some(id => path.split('/')[2]?.startsWith(id)))

  return {
    confirms: true,
    variables: front => ({ CHANNEL_WHATSAPP_CLOUD_GRAPH_URL: front }),
    settings: account => ({
      ...simulatorOf(account).settings,
      limits: { perSecond: 1_000, contactPerMinute: 600, contactBurst: 45 }
    }),
    contact: index => String(15_550_000_000 + index),

    read(call, { message: id, contact }) {
      const number = named(call)
      if (!number || !/[/]messages([?]|$)/.test(call.path)) return undefined
      return {
        account: number.account,
        name: id,
        messages: [{ id, contact }],
        async process() {
          const answer = await forward(call, `${number.simulator.url}${call.path}`, status =>
            status === 200 ? 'accepted' : 'rejected'
          )
          return { answer, ...(answer.said === 'accepted' ? { ref: refIn(answer.body) } : {}) }
        }
      }
    },
    async pass(call) {
      const number = named(call)
      return number ? forward(call, `${number.simulator.url}${call.path}`, () => 'failed') : json(404, {}, 'failed')
    },
    words: {
      throttles: () => refusal(400, 130429, 'Rate limit hit', 'not processed'),
      busy: () => refusal(400, 131056, '(Business Account, Consumer Account) pair rate limit hit', 'not processed'),
      rejects: () => refusal(400, UNDELIVERABLE.code, UNDELIVERABLE.title, 'rejected'),
      fails: () => unheard(500)
    },
    reports: {
      steps: { well: ['sent', 'delivered', 'read'], badly: ['sent', 'error'] },
      status: (account, ref, status) =>
        mailbox.letter(account.key, () =>
          status === 'error'
            ? simulatorOf(account).report('failed', ref, { errors: [UNDELIVERABLE] })
            : simulatorOf(account).report(status, ref)
        ),
      written: (account, contact, text) =>
        mailbox.letter(account.key, () => simulatorOf(account).write(contact, { text }))
    },
    async close() {
      await mailbox.close()
      await Promise.all(numbers.map(({ simulator }) => simulator.close()))
    }
  }
}

type Simulator = Awaited<ReturnType<typeof startSimulator>>

const UNDELIVERABLE = { code: 131026, title: 'Message undeliverable' }

const refIn = (body: string) => (JSON.parse(body) as { messages: { id: string }[] }).messages[0]?.id ?? ''

const refusal = (status: number, code: number, message: string, said: Answer['said']): Answer =>
  json(
    status,
    {
      error: {
        message: `(#${code}) ${message}`,
        type: 'OAuthException',
        code,
        error_data: { messaging_product: 'whatsapp', details: message },
        fbtrace_id: 'ATraceOfTheChaosRun'
      }
    },
    said
  )
