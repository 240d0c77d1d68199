import type { KnownPart } from '../messages/parts.ts'
import type { ClaimedMessage } from './attempt.ts'

/** A message that a turn took, as the database hands it over. `unwritten`: not taken, but one of which something was heard while it was sent. */
export interface ClaimedRow {
  id: string
  unwritten: boolean
  interrupted: boolean
  registration_id: string
  conversation_id: string
  crm_id: string | null
  body: ClaimedMessage['message']['body']
  attempts: number
  replays: number
  ref: string | null
  status: ClaimedMessage['message']['status']
  reason: string | null
  progress: ClaimedMessage['message']['progress']
  returned: ClaimedMessage['message']['returned']
  doubt: ClaimedMessage['message']['doubt']
  part_count: number | null
  in_parts: boolean
  alone: boolean
  deaths: number
  last_incoming_ref: string | null
  last_incoming_at: Date | null
  last_incoming_context: ClaimedMessage['conversation']['lastIncomingContext']
  memory: ClaimedMessage['conversation']['memory']
  address: string | null
}

export const claimedOf = (row: ClaimedRow, parts: readonly KnownPart[]): ClaimedMessage => ({
  registrationId: Number(row.registration_id),
  conversationId: Number(row.conversation_id),
  message: {
    id: Number(row.id),
    registrationId: Number(row.registration_id),
    conversationId: Number(row.conversation_id),
    crmId: row.crm_id,
    body: row.body,
    attempts: row.attempts,
    replays: row.replays,
    ref: row.ref,
    status: row.status,
    reason: row.reason,
    progress: row.progress,
    returned: row.returned,
    doubt: row.doubt,
    partCount: row.part_count,
    inParts: row.in_parts,
    alone: row.alone,
    deaths: row.deaths
  },
  conversation: {
    lastIncomingRef: row.last_incoming_ref,
    lastIncomingAt: row.last_incoming_at,
    lastIncomingContext: row.last_incoming_context,
    memory: row.memory,
    address: row.address
  },
  parts,
  interrupted: row.interrupted
})
