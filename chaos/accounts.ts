import { request } from 'undici'
import type { Crm } from './crm.ts'
import { SELF_URI } from './host-process.ts'
import type { Account } from './journal.ts'

/** The registrations of a run: some whose gateway drops repetitions, some whose does not, some whose operator repeats anyhow. */

const KINDS = [
  { name: 'dedupes', channel: 'dedupes', repeats: true },
  { name: 'once', channel: 'once', repeats: false },
  { name: 'insists', channel: 'once', repeats: true }
] as const

export const makeAccounts = (count: number): Account[] =>
  Array.from({ length: count }, (_, index) => {
    const { name, channel, repeats } = KINDS[index % KINDS.length] as (typeof KINDS)[number]
    return { key: `${name}-${index + 1}`, channel, repeats }
  })

/** Whether an account's repeating was decided by its operator and not by its channel. */
export const insists = ({ channel, repeats }: Account) => channel === 'once' && repeats

const audienceOf = ({ channel }: Account) => `${SELF_URI}${channel}/`

/** A token of the CRM for an account. */
export const tokenFor = (crm: Pick<Crm, 'sign' | 'url'>, account: Account, claims: object) =>
  crm.sign({
    iss: crm.url,
    aud: audienceOf(account),
    cid: '1',
    plugin: { alias: 'chat', id: account.key },
    exp: Math.floor(Date.now() / 1_000) + 3_600,
    ...claims
  })

/** Registers an account and saves its settings, as an admin would. */
export async function registerAccount(
  crm: Pick<Crm, 'sign' | 'url'>,
  account: Account,
  { host, secret, gatewayUrl }: { host: string; secret: string; gatewayUrl: string }
): Promise<void> {
  const registration = tokenFor(crm, account, { HPT: secret, country: 'RU', currency: 'RUB' })
  await put(`${host}/${account.channel}/registration`, { registration })
  await put(
    `${host}/${account.channel}/protected/data/settings`,
    { main: { url: gatewayUrl, account: account.key, secret } },
    { 'x-plugin-token': tokenFor(crm, account, { settings: true }) }
  )
}

async function put(url: string, body: object, headers: Record<string, string> = {}): Promise<void> {
  const answer = await request(url, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body)
  })
  const text = await answer.body.text()
  if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}: ${text}`)
}
