import type { GatewayEvent } from 'channel-kit/event'
import type { Json } from 'channel-kit/json'
import type { Run } from './run.ts'

/** What a message becomes: bodies for the API, one a part. The same at every attempt. */
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
  /** What the message's story has to say about it. */
  told?: string
}
