import { setTimeout as wait } from 'node:timers/promises'
import type { Heard } from './plugin-request.ts'
import type { Verdict } from './reports.ts'

/** Kinds of a plugin's requests to the CRM. */
export type Kind = 'key' | 'status' | 'incoming'

/** Another status (a failure is not taken into the chats), an answer that is late, or a line cut before any answer. */
export interface Misbehaviour {
  status?: number
  delayMs?: number
  hangUp?: boolean
}

export type Misbehave = (kind: Kind, heard: Heard) => Misbehaviour | undefined | Promise<Misbehaviour | undefined>

export type Judgement = Verdict & { hangUp: boolean }

/** The CRM's answer, when it behaves and when it is told not to. */
export async function judge(told: Misbehaviour = {}, take: () => Promise<Verdict>): Promise<Judgement> {
  const { status, delayMs, hangUp = false } = told
  if (delayMs) await wait(delayMs)
  if (hangUp) return { status: 0, message: 'The CRM hung up', hangUp }
  if (status !== undefined && status >= 300) return { status, message: 'The CRM fails on purpose', hangUp }

  const verdict = await take()
  return { ...verdict, status: status ?? verdict.status, hangUp }
}
