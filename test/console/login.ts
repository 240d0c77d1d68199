import { CONSOLE_TOKEN } from '../api/ask.ts'

/** Requests to the console as a browser sends them. */

export interface Sent {
  method?: string
  body?: unknown
  cookie?: string | undefined
  headers?: Record<string, string>
}

export async function send(address: string, { method = 'GET', body, cookie, headers = {} }: Sent = {}) {
  const answer = await fetch(address, {
    method,
    redirect: 'manual',
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(cookie === undefined ? {} : { cookie }),
      ...headers
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const text = await answer.text()
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    json: text.startsWith('{') ? JSON.parse(text) : undefined
  }
}

/** Logs in from a page of the host. `cookie`: the one that the browser had. */
export async function login(host: string, given: { token?: string; cookie?: string | undefined } = {}) {
  const { token = CONSOLE_TOKEN, cookie } = given
  const origin = new URL(host).origin
  const answer = await send(`${host}console/api/session`, {
    method: 'POST',
    body: { token },
    cookie,
    headers: { origin }
  })
  const set = answer.headers.get('set-cookie') ?? ''
  return { ...answer, set, cookie: set.split(';')[0] as string, origin }
}
