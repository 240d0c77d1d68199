import { request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface Question {
  method?: string
  headers?: Readonly<Record<string, string>>
  body?: string | Buffer
}

export interface Answer {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  text: string
  /** The body where it is JSON, otherwise undefined. */
  json: unknown
}

/** A request to the letter: unlike `fetch` it neither tidies the path nor minds the method. */
export async function ask(url: string, { method = 'GET', headers = {}, body }: Question = {}): Promise<Answer> {
  const { hostname, port } = new URL(url)
  const path = url.slice(new URL(url).origin.length)
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const sent = request({ hostname, port, path, method, headers: { ...length, ...headers }, agent: false }, answer => {
    text(answer).then(
      body => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: body, json: parse(body) }),
      reject
    )
  })
  sent.once('error', reject)
  sent.end(body)
  return promise
}

export const askJson = (url: string, method: string, body: unknown, headers: Question['headers'] = {}) =>
  ask(url, { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })

/** Checks that a refusal has the shape that the CRM reads, and reveals nothing of the host. */
export const isEnvelope = ({ status, json, text }: Pick<Answer, 'status' | 'json' | 'text'>): boolean =>
  typeof json === 'object' &&
  json !== null &&
  'code' in json &&
  json.code === status &&
  'message' in json &&
  typeof json.message === 'string' &&
  json.message !== '' &&
  !/\bat .*:\d+:\d+|node_modules|\.ts:|\.js:/.test(text)

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
