import type { Outcome, Outgoing } from 'channel-kit/outcome'
import { meaningOf } from './answer.ts'
import { call } from './api.ts'
import type { Draft } from './draft.ts'
import { emailItem } from './email-item.ts'
import { PAUSE_MS } from './gateway-lots.ts'
import { phoneItem } from './phone-item.ts'
import { type Kind, PROFILES, type ProfileName } from './profile.ts'
import type { Refusal } from './refusal.ts'
import type { CommonTools, EmailTools, PhoneTools } from './settings.ts'
import { spoken } from './time.ts'

/** A message by itself, without a lot. */

export async function sendPhone(message: Outgoing, tools: PhoneTools): Promise<Outcome> {
  const made = await phoneItem(message, tools)
  if ('refused' in made) return refusal(made)
  // The invoice has no mark for monitors, and another name for the portfolio.
  const { control: _, idForeignBookBusiness: __, ...item } = made.item
  return invoice('phone', message, { ...item, ...accountOf(made.draft, tools) }, tools)
}

export async function sendEmail(message: Outgoing, tools: EmailTools): Promise<Outcome> {
  const made = await emailItem(message, tools)
  if ('refused' in made) return refusal(made)
  const { control: _, idForeignBookBusiness: __, ...item } = made.item
  const { schedule: ___, user: ____, ...account } = accountOf(made.draft, tools)
  return invoice('email', message, { ...item, ...account }, tools)
}

const refusal = ({ refused: reason }: Refusal): Outcome => ({ kind: 'rejected', reason })

interface Account {
  crmId: number
  bookBusinessForeignId: string
  idServiceSettings: number
  user?: string
  schedule?: string
}

function accountOf({ schedule }: Draft, { settings: { route, connection } }: CommonTools): Account {
  const operator = route.operatorCpf?.replace(/\D/g, '')
  return {
    crmId: route.crmId,
    bookBusinessForeignId: route.portfolio.trim(),
    idServiceSettings: Number(route.route?.[0]),
    ...(operator ? { user: operator } : {}),
    ...(schedule ? { schedule: spoken(schedule, connection.timeZone).replace(' ', 'T') } : {})
  }
}

async function invoice(kind: Kind, { id }: Outgoing, item: object, tools: CommonTools): Promise<Outcome> {
  const profile = PROFILES[(tools.settings.connection.profile[0] ?? 'current') as ProfileName]
  const meaning = meaningOf(await call(tools, { method: 'POST', path: profile[kind].invoice, body: [item] }))
  switch (meaning.kind) {
    case 'yes':
      return accepted(`single-${id}`)
    case 'bad':
    case 'no':
      return { kind: 'rejected', reason: meaning.reason }
    case 'lost':
    case 'forbidden':
      return { kind: 'throttled', reason: meaning.reason, afterMs: PAUSE_MS }
    case 'fast':
      return { kind: 'throttled', reason: meaning.reason, afterMs: meaning.afterMs }
    case 'later':
      return { ...meaning, kind: 'retry' }
    case 'unknown':
      return { kind: 'unknown', reason: meaning.reason }
  }
}

/** The gateway gives no id and never reports, so that it has the message is all that will be known. */
const accepted = (ref: string): Outcome => ({
  kind: 'accepted',
  ref,
  later: [{ afterMs: 0, events: [{ kind: 'status', ref, status: 'sent' }] }]
})
