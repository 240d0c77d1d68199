import { request } from 'undici'
import type { Crm } from './crm.ts'
import type { Kind } from './gateways/gateway.ts'
import { SELF_URI } from './host-process.ts'
import type { Account } from './journal.ts'

/** The registrations of a run: of each kind that its gateway has. */

export type Registered = Account & Pick<Kind, 'insists'>

export const makeAccounts = (kinds: readonly Kind[], count: number): Registered[] =>
  Array.from({ length: count }, (_, index) => {
    const { name, ...kind } = kinds[index % kinds.length] as Kind
    return { key: `${name}-${index + 1}`, ...kind }
  })

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
  { host, secret, settings, claims = {} }: { host: string; secret: string; settings: object; claims?: object }
): Promise<void> {
  const registration = tokenFor(crm, account, { HPT: secret, country: 'RU', currency: 'RUB', ...claims })
  await put(`${host}/${account.channel}/registration`, { registration })
  await put(`${host}/${account.channel}/protected/data/settings`, settings, {
    'x-plugin-token': tokenFor(crm, account, { settings: true, ...claims })
  })
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
