import { request } from 'undici'
import type { Account, Exchange } from '../journal.ts'
import { isMark } from '../marks.ts'
import type { Call } from '../server.ts'
import type { Answer } from './gateway.ts'

/** Where calls go: whose they are, and on to the fake that answers them. */

/** The account whose key the path begins with. */
export const accountIn = (path: string, accounts: readonly Account[]): Account =>
  accounts.find(({ key }) => key === path.split('/')[1]) as Account

/** The path below the account's. */
export const pathIn = (path: string): string => path.replace(/^\/[^/]+/, '')

/** Headers that are about a connection, or of the run. */
const OWN = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive', 'accept-encoding'])
const withoutOwn = (headers: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (OWN.has(name) || isMark(name) ? [] : [[name, String(value)]]))
  )

/** The call as the fake answers it. */
export async function forward(
  call: Call,
  url: string,
  meaning: (status: number, body: string) => Exchange['said']
): Promise<Answer> {
  const { method } = call
  const answer = await request(url, {
    method: method as 'GET' | 'POST',
    headers: withoutOwn(call.request.headers),
    ...(method === 'GET' ? {} : { body: call.body })
  })
  const body = await answer.body.text()
  const { statusCode: status, headers } = answer
  return { status, headers: withoutOwn(headers), body, said: meaning(status, body) }
}
