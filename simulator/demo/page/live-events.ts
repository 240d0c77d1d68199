import type { CrmEvent, ExchangeSummary } from '../../crm/model.ts'

/** Events as the stream sends them: an exchange comes without its bodies. */
export type LiveEvent =
  | Exclude<CrmEvent, { type: 'exchange' }>
  | { type: 'exchange'; exchange: ExchangeSummary }
  /** The stream was lost and is back: whatever was read before may be stale. */
  | { type: 'reconnected' }

const listeners = new Set<(event: LiveEvent) => void>()
const linkListeners = new Set<(connected: boolean) => void>()
let lost = false

const tell = (event: LiveEvent) => {
  for (const listener of [...listeners]) listener(event)
}

const tellLink = (connected: boolean) => {
  for (const listener of [...linkListeners]) listener(connected)
}

const stream = new EventSource('/api/events')
stream.onmessage = ({ data }) => tell(JSON.parse(data))
stream.onerror = () => {
  lost = true
  tellLink(false)
}
stream.onopen = () => {
  tellLink(true)
  if (lost) tell({ type: 'reconnected' })
  lost = false
}

export function onLive(listener: (event: LiveEvent) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function onLink(listener: (connected: boolean) => void): () => void {
  linkListeners.add(listener)
  return () => linkListeners.delete(listener)
}
