import { connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import echo from 'channel-echo'
import gallery from 'channel-form-gallery'
import type { Channel } from 'channel-kit/channel'
import type { GatewayEvent } from 'channel-kit/event'
import type { InjectOptions } from 'fastify'
import type { Plugin } from 'simulator/plugin'
import t from 'tap'
import { testCrm, testHost } from '../harness.ts'
import { text as words } from '../scripted-channel.ts'
import { type Random, randomOf } from '../seeded-random.ts'
import { ask, isEnvelope } from './ask.ts'
import { testChannel } from './channel.ts'
import { claimsOf } from './fuzz-claims.ts'
import { type FuzzRequest, fuzzer, type Target } from './fuzz-requests.ts'

/** Every route under tens of thousands of bad requests; `FUZZ_SEED` and `FUZZ_COUNT` ask for others, and for more. */

const SEED = Number(process.env.FUZZ_SEED ?? 1)
const COUNT = Number(process.env.FUZZ_COUNT ?? 20_000)
/** As many at once as it takes to keep the host busy. */
const AT_ONCE = 50
const MOST_GROWTH = 48 * 1024 * 1024

/** A gateway that says what it likes, and is believed. */
const hooked = testChannel({
  name: 'hooked',
  markdowns: { webhook: async (_lookup, { webhookUrl }) => webhookUrl },
  webhook: {
    bodyLimit: 64 * 1024,
    verify: async ({ body }) =>
      body.length > 0 ? { kind: 'genuine' } : { kind: 'refused', reason: 'There is no body' },
    receive: async ({ body }) => ({ reply: { status: 200 }, events: eventsOf(body) })
  }
})

/** Events that a careless channel might make of any bytes. */
function eventsOf(body: Buffer): GatewayEvent[] {
  const text = body.toString()
  return [
    { kind: 'status', ref: text, status: 'read', reason: text },
    {
      kind: 'message',
      ref: text.slice(0, 1_000),
      contact: text.slice(0, 500),
      subject: text,
      content: { text, format: 'text' },
      attachments: [],
      context: text
    }
  ]
}

const crm = await testCrm(t)
const complaints: string[] = []
const host = await testHost(t, {
  channels: [{ channel: echo as Channel, path: '/' }, { channel: gallery as Channel }, { channel: hooked }],
  env: { LOG_LEVEL: 'error' },
  logTo: { write: (line: string) => complaints.push(line) } as unknown as NodeJS.WritableStream
})
const targets = await Promise.all(['', 'form-gallery/', 'hooked/'].map(makeTarget))

async function makeTarget(mount: string): Promise<Target> {
  const plugin = await crm.register({ selfUri: host.url + mount })
  const random = randomOf(SEED)
  const tokens = await Promise.all(
    Array.from({ length: 100 }, (_, index) => plugin.token(index < 10 ? {} : claimsOf(random)))
  )
  if (mount !== 'hooked/') return { mount, tokens }
  // As the settings form shows it to an admin, who tells it to the gateway.
  const { json } = await plugin.markdownPreview('webhook')
  return { mount, tokens, webhook: (json as { markdown: string }).markdown.split('/').at(-1) as string }
}

/** Why an answer is not one that a host may give; undefined when it is. */
function problemOf(
  { method, url }: FuzzRequest,
  { status, text }: { status: number; text: string }
): string | undefined {
  if (status >= 500) return `${status}`
  if (status < 400 || method === 'HEAD') return undefined
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return `${status} with "${text.slice(0, 80)}"`
  }
  if (isEnvelope({ status, text, json })) return undefined
  const isErrorMap = method === 'PUT' && status === 400 && url.includes('protected/data/settings') && isMap(json)
  return isErrorMap ? undefined : `${status} with ${text.slice(0, 200)}`
}

/** group -> field -> texts, as the settings form shows errors. */
const isMap = (json: unknown): boolean =>
  Object.values(json as object).every(fields =>
    Object.values(fields as object).every(
      texts => Array.isArray(texts) && texts.every(text => typeof text === 'string')
    )
  )

function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

t.test('no request makes a host fail, whatever is wrong with it', async t => {
  t.comment(`seed ${SEED}, ${COUNT} requests`)
  const make = fuzzer(randomOf(SEED), targets)
  const problems: string[] = []
  const statuses = new Map<number, number>()
  let before = 0

  const one = async (): Promise<void> => {
    const request = make()
    const { statusCode: status, body: text } = await host.app.inject(request as InjectOptions)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    const problem = problemOf(request, { status, text })
    if (problem)
      problems.push(`${problem}: ${JSON.stringify(request).slice(0, 600)} ${complaints.at(-1)?.slice(0, 1_500) ?? ''}`)
  }
  for (let done = 0; done < COUNT; done += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, one))
    if (done === 100 * AT_ONCE) before = heapUsed()
  }

  const grown = heapUsed() - before
  t.comment(
    [...statuses]
      .sort()
      .map(([status, count]) => `${status}: ${count}`)
      .join(', ')
  )
  t.same(problems.slice(0, 5), [])
  t.ok(
    [200, 202, 400, 401, 403, 404, 405, 415].every(status => statuses.has(status)),
    'every kind of answer was met'
  )
  t.ok(COUNT < 10_000 || grown < MOST_GROWTH, `the heap grew by ${Math.round(grown / 1024)} KiB`)
})

/** Text that is no HTTP, or that stops in the middle of it. */
function brokenHttp(random: Random, request: FuzzRequest): string {
  const { method, headers, payload = '' } = request
  const url = encodeURI(request.url.toWellFormed()).slice(0, 2_000)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const length = Buffer.byteLength(payload)
  const whole = (...more: string[]) =>
    [`${method} ${url} HTTP/1.1`, 'Host: x', ...lines, ...more, '', payload.toString()].join('\r\n')
  return random.pick([
    () => whole(`Content-Length: ${length}`),
    () => whole(`Content-Length: ${length}`, `Content-Length: ${length + 1}`),
    () => whole(`Content-Length: ${length + 1_000}`),
    () => whole('Content-Length: -1'),
    () => whole('Transfer-Encoding: chunked'),
    () => whole('Transfer-Encoding: chunked', `Content-Length: ${length}`),
    () => whole(`X-Long: ${'x'.repeat(random.below(40_000))}`),
    () => whole('Expect: 100-continue', `Content-Length: ${length}`),
    () => whole('Upgrade: websocket', 'Connection: Upgrade'),
    () => whole('No colon here'),
    () => whole('Host: twice'),
    () => `${method} ${url}\r\n\r\n`,
    () => `${method} ${url} HTTP/9.9\r\n\r\n`,
    () => `FOO / HTTP/1.1\r\nHost: x\r\n\r\n`,
    () => '\0\u0001\u0002\r\n\r\n',
    () => whole(`Content-Length: ${length}`).slice(0, random.below(200))
  ])()
}

/** The answer to a socket that sends this and no more. */
const exchange = (text: string): Promise<string> =>
  new Promise(resolve => {
    let heard = ''
    const socket = connect(host.config.listen.port, '127.0.0.1', () => socket.end(text))
    const done = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve(heard)
    }
    const timer = setTimeout(done, 1_000)
    socket.on('data', data => {
      heard += data.toString()
    })
    socket.once('close', done).once('error', done)
  })

t.test('what is not even HTTP is refused in the same words, and the host goes on', async t => {
  const random = randomOf(SEED)
  const make = fuzzer(random, targets)
  const problems: string[] = []
  for (let done = 0; done < COUNT / 20; done += 20)
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const sent = brokenHttp(random, make())
        const heard = await exchange(sent)
        for (const [, status, text = ''] of heard.matchAll(/^HTTP\/1\.1 ([45]\d\d) .*?\r\n\r\n(\{.*\})?/gms))
          if (Number(status) >= 500 || (text !== '' && !/"code":\d+/.test(text)))
            problems.push(`${heard.slice(0, 300)}: ${sent.slice(0, 300)}`)
      })
    )
  t.same(problems.slice(0, 5), [])

  t.equal((await ask(`${host.url}info`)).status, 200)
  const [plugin] = crm.plugins() as [Plugin]
  // The requests may have done so with a secret of their own.
  await plugin.register()
  await plugin.saveSettings({ main: { prefix: '', suffix: '', delay: 0 } })
  const { answer, message } = await plugin.send(words('after all that', 'hello'))
  t.equal(answer.status, 202)
  await crm.waitFor(event => event.type === 'status' && event.messageId === message.id)
})
