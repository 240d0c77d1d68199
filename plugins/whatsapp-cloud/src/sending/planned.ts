import type { GatewayEvent } from 'channel-kit/event'
import type { Json } from 'channel-kit/json'
import type { Run } from './run.ts'

/** Bodies for the API, one a part. The same at every attempt. */
export interface Plan {
  /** With the files that are stored by now. */
  run: Run
  parts: readonly Json[]
  /** The number of the first. */
  from: number
  /** For the account's notes, once it is sent. */
  notes: readonly GatewayEvent[]
  /** Made by what was noted of a template before. */
  noted: boolean
  /** A story entry about how the message was sent. */
  told?: string
}
