import { useLoaded } from 'page-kit/web/use-loaded.ts'
import { useEffect, useState } from 'preact/hooks'
import type { PluginSummary } from '../../crm/model.ts'
import { ask } from './api.ts'
import { onLink, onLive } from './live-events.ts'

/** The plugins that the CRM knows, as they register, and whether the page hears of news at all. */
export function usePlugins() {
  const { value, problem, reload } = useLoaded(signal => ask<PluginSummary[]>('plugins', { signal }), [])
  const [news, setNews] = useState<Record<string, PluginSummary>>({})
  const [connected, setConnected] = useState(true)

  useEffect(() => onLink(setConnected), [])
  useEffect(
    () =>
      onLive(event => {
        if (event.type === 'plugin') setNews(known => ({ ...known, [event.plugin.key]: event.plugin }))
        if (event.type === 'reconnected') {
          setNews({})
          reload()
        }
      }),
    []
  )

  return { plugins: value?.map(plugin => news[plugin.key] ?? plugin), problem, reload, connected }
}
