import { record, text } from 'channel-kit/json'
import type { Outgoing } from 'channel-kit/outcome'

/** WhatsApp takes anything for a day after a customer wrote, and templates alone after that. README.md, "24-hour window". */

const DAY_MS = 86_400_000

/** `unknown`: the customer never wrote to us, but may have written before we were there. */
export type Window = 'open' | 'closed' | 'unknown'

export function windowOf({ conversation }: Pick<Outgoing, 'conversation'>, now: Date): Window {
  const opened = openedAt(conversation)
  if (opened === undefined) return 'unknown'
  return now.getTime() - opened < DAY_MS ? 'open' : 'closed'
}

/** The newest message may be a reaction, or a note of ours, which open nothing; the memory has the last that did. */
function openedAt({ lastIncoming, memory }: Outgoing['conversation']): number | undefined {
  const opens = lastIncoming && record(lastIncoming.context).opens !== false ? [lastIncoming.at.getTime()] : []
  const remembered = Date.parse(text(record(memory).opened))
  const all = Number.isNaN(remembered) ? opens : [...opens, remembered]
  return all.length > 0 ? Math.max(...all) : undefined
}
