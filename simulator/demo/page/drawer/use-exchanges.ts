import { useEffect, useState } from 'preact/hooks'
import type { ExchangeSummary } from '../../../crm/model.ts'
import { ask } from '../api.ts'
import { onLive } from '../live-events.ts'

const KEPT = 300

/** The exchanges that the CRM keeps, newest first, growing as they happen. */
export function useExchanges(): ExchangeSummary[] {
  const [exchanges, setExchanges] = useState<ExchangeSummary[]>([])

  useEffect(() => {
    const load = async () => {
      const result = await ask<ExchangeSummary[]>('exchanges')
      if (result.ok) setExchanges(known => merged(known, result.body))
    }
    load()
    return onLive(event => {
      if (event.type === 'exchange') setExchanges(known => merged(known, [event.exchange]))
      if (event.type === 'reconnected') {
        setExchanges([])
        load()
      }
    })
  }, [])

  return exchanges
}

/** Merges listed exchanges with live ones, which may overlap. */
function merged(known: ExchangeSummary[], news: ExchangeSummary[]): ExchangeSummary[] {
  const byId = new Map([...known, ...news].map(exchange => [exchange.id, exchange]))
  return [...byId.values()].sort((a, b) => b.id - a.id).slice(0, KEPT)
}
