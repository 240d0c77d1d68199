import type { Status } from 'channel-kit/chat'
import { startSimulator } from 'channel-mobiletech/simulator'
import type { Account } from '../journal.ts'
import { accountIn, forward, pathIn } from './forward.ts'
import { type Answer, type Behind, type Gateway, json, unheard } from './gateway.ts'
import { startMailbox } from './mailbox.ts'

/** Mobiletech by its fake gateway, one for each account. It drops no repetition, and its reports know nothing of our ids. */

export const mobiletech: Behind = {
  kinds: [
    { name: 'once', channel: 'mobiletech', dedupes: false, repeats: false },
    { name: 'insists', channel: 'mobiletech', dedupes: false, repeats: true, insists: true }
  ],
  open: openMobiletech
}

/** Orange's, which reports by the usual codes. */
const FIRST_NUMBER = 421_905_000_000

async function openMobiletech(accounts: readonly Account[]): Promise<Gateway> {
  const mailbox = await startMailbox()
  const simulators = new Map(
    await Promise.all(
      accounts.map(async ({ key }) => {
        const simulator = await startSimulator({ reports: () => [] })
        await simulator.connect(mailbox.addressOf(key))
        return [key, simulator] as const
      })
    )
  )
  const simulatorOf = ({ key }: Account) => simulators.get(key) as Simulator

  return {
    confirms: false,
    settings(account, front) {
      const { gateway } = simulatorOf(account).settings
      return { gateway: { ...gateway, url: `${front}${account.key}/` } }
    },
    contact: index => `+${FIRST_NUMBER + index}`,
    refIn: ref => ref.replace(/\/.*/, ''),

    read(call, { message: id, contact }) {
      const account = accountIn(call.path, accounts)
      return {
        account,
        name: id,
        messages: [{ id, contact }],
        async process() {
          const url = `${simulatorOf(account).url}${pathIn(call.path)}`
          const answer = await forward(call, url, status => (status === 200 ? 'accepted' : 'rejected'))
          if (answer.said !== 'accepted') return { answer }
          // The answer itself says that the gateway has it.
          return { answer, ref: idIn(answer.body), foreseen: { statuses: ['sent'], replies: [] } }
        }
      }
    },
    pass: async () => json(404, {}, 'failed'),
    words: {
      throttles: () => ({ ...said(429, 'slower', 'not processed'), headers: { 'retry-after': '1' } }),
      busy: () => said(503, 'busy', 'not processed'),
      rejects: () => said(200, 'refused', 'rejected'),
      fails: () => unheard(504)
    },
    reports: {
      steps: { well: ['sent', 'delivered'], badly: ['sent', 'error'] },
      status: (account, ref, status) =>
        mailbox.letter(account.key, () => simulatorOf(account).report(ref, CODES[status])),
      written: (account, contact, text) =>
        mailbox.letter(account.key, () => simulatorOf(account).deliver({ from: contact, content: text }))
    },
    async close() {
      await mailbox.close()
      await Promise.all([...simulators.values()].map(simulator => simulator.close()))
    }
  }
}

type Simulator = Awaited<ReturnType<typeof startSimulator>>

/** Charged, delivered, not delivered. */
const CODES: Readonly<Record<Status, string>> = { sent: 'A0', delivered: 'D1', read: 'D1', error: 'D0' }

const idIn = (body: string) => /<id>([^<]*)<\/id>/.exec(body)?.[1] ?? ''

const said = (status: number, error: string, meaning: Answer['said']): Answer => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body: `<?xml version="1.0" encoding="UTF-8" ?>\n<message command="send_rsp">\n  <error>${error}</error>\n</message>`,
  said: meaning
})
