import { createHash } from 'node:crypto'
import type { Polled } from 'channel-kit/channel'
import type { NoteEvent } from 'channel-kit/event'
import { record } from 'channel-kit/json'
import { keepConnected } from './connect.ts'
import { callerOf } from './graph/access.ts'
import { endsSoon, tokenState } from './graph/token.ts'
import type { WhatsAppTools } from './settings.ts'

/** There is nothing to be asked for, since everything comes by webhooks: it is only seen to that they come. */
export async function read(_cursor: unknown, tools: WhatsAppTools): Promise<Polled> {
  const events = await Promise.all([keepConnected(tools), watchToken(tools)])
  return { events: events.flat(), cursor: null }
}

/** Tells the operator's log of a token that ends soon, once a day: a token that ended without a word is found out by angry customers. */

const NOTE = 'token'
const DAY_MS = 86_400_000
const PATIENCE_MS = 10_000

async function watchToken(tools: WhatsAppTools): Promise<NoteEvent[]> {
  const caller = callerOf(tools)
  const known = tools.notes[NOTE]
  const now = tools.now()
  if (!caller) return []
  const mark = createHash('sha256').update(caller.access.token).digest('base64url')
  if (known && record(known.value).mark === mark && now.getTime() - known.at.getTime() < DAY_MS) return []

  const state = await tokenState(caller, PATIENCE_MS)
  if (state && !state.isValid) tools.log.error({}, 'the access token does not work any more; an admin has to act')
  else if (state && endsSoon(state, now))
    tools.log.warn({ endsAt: state.endsAt }, 'the access token ends soon; an admin has to act')
  return [{ kind: 'note', name: NOTE, value: { mark } }]
}
