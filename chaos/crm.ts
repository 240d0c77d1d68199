import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Status } from 'channel-kit/chat'
import type { Conduct } from './conduct.ts'
import type { Dice } from './dice.ts'
import type { Account, Journal, Line, Told } from './journal.ts'
import { answer, type Call, hang, reset, startServer } from './server.ts'
import { makeKey, readToken } from './tokens.ts'

/** The CRM: it hears statuses and incoming messages, and answers them as badly as the run wants. */

interface Parts {
  journal: Journal
  conduct: Conduct
  dice: Dice
  accountOf: (key: string) => Account
  /** The secret that every registration has. */
  secret: string
}

interface Body {
  id: string
  status: Status
  chat: { contact: string }
  message: { content: { text: string } }
}

const JSON_BODY = { 'content-type': 'application/json' }

/** Hosts give up after thirty seconds; most hangs are cut before. */
const HANG_MS = [3_000, 8_000, 35_000] as const

export async function startCrm({ journal, conduct, dice, accountOf, secret }: Parts) {
  const key = makeKey()
  const lines = new WeakMap<Socket, Line>()
  const heard = new Map<string, number>()

  function lineOf(socket: Socket): Line {
    const known = lines.get(socket)
    if (known) return known
    const line: Line = {}
    lines.set(socket, line)
    socket.once('close', () => {
      line.closedAt = journal.now()
    })
    return line
  }

  function hear({ path, body, request }: Call): Told {
    const { request: token } = JSON.parse(body) as { request: string }
    const claims = readToken(token, () => secret, server.url)
    const { id, status, chat, message } = claims.body as Body
    const kind = path.endsWith('/status') ? 'status' : 'incoming'
    const about = kind === 'status' ? { id, status } : { id: message.content.text, contact: chat.contact }
    const what = `${claims.plugin.id} ${about.id} ${status}`
    const number = (heard.get(what) ?? 0) + 1
    heard.set(what, number)
    const told: Told = {
      account: accountOf(claims.plugin.id),
      kind,
      ...about,
      at: journal.now(),
      conduct: conduct.crm(`${what} ${number}`),
      took: false,
      line: lineOf(request.socket)
    }
    journal.told.push(told)
    return told
  }

  const say = async (told: Told, response: ServerResponse, status: number) => {
    if ((await answer(response, status, JSON.stringify({ code: status }), JSON_BODY)) && status < 300)
      told.answeredAt = journal.now()
  }

  async function respond(told: Told, call: Call): Promise<void> {
    const { conduct: how, id, kind, status } = told
    told.took = !how.endsWith(' before')
    const hangMs = HANG_MS[dice.between(0, conduct.isOn() ? 2 : 0, `hang ${id} ${status}`)] as number
    if (how === 'slow') await delay(dice.between(50, 800, `${id} ${status}`))
    if (how.startsWith('fails')) return say(told, call.response, 500)
    if (how.startsWith('resets')) return void reset(call)
    if (how.startsWith('hangs')) return hang(call, hangMs)
    if (how === 'another 2xx') return say(told, call.response, 204)
    return say(told, call.response, kind === 'status' ? 200 : 201)
  }

  const server = await startServer(async call => {
    if (call.path === `/pkey/${key.pkey}`) return void call.response.end(key.pem)
    try {
      await respond(hear(call), call)
    } catch (error) {
      journal.forged.push((error as Error).message)
      await answer(call.response, 403, '{}', JSON_BODY)
    }
  })

  return { ...server, sign: key.sign }
}

export type Crm = Awaited<ReturnType<typeof startCrm>>
