import type { Problem } from 'page-kit/web/answer.ts'
import { useLoaded } from 'page-kit/web/use-loaded.ts'
import { useEffect, useState } from 'preact/hooks'
import type { GatewayView } from '../../../crm/model.ts'
import { ask } from '../api.ts'
import { onLive } from '../live-events.ts'

/** The simulated gateway behind a plugin as it is now; null when it has none. */
export function useGateway(plugin: string) {
  const loaded = useLoaded(signal => ask<GatewayView | null>(`plugins/${plugin}/gateway`, { signal }), [plugin])
  useEffect(
    () =>
      onLive(event => {
        if (event.type === 'reconnected' || (event.type === 'gateway' && event.plugin === plugin)) loaded.reload()
      }),
    [plugin]
  )
  return loaded
}

/** Gives the plugin the settings of its gateway, and the gateway the address of the plugin's webhook. */
export function useConnecting(plugin: string) {
  const [connecting, setConnecting] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const connect = async () => {
    setConnecting(true)
    setProblem(undefined)
    const result = await ask(`plugins/${plugin}/gateway/connection`, { method: 'PUT' })
    setConnecting(false)
    if (!result.ok) setProblem(result.problem)
  }
  /** Asks what is so now: what the page has read of the gateway may be old, or not there yet. */
  const connectFirst = async () => {
    setProblem(undefined)
    const gateway = await ask<GatewayView | null>(`plugins/${plugin}/gateway`)
    if (!gateway.ok) setProblem(gateway.problem)
    else if (gateway.body && !gateway.body.connected) await connect()
  }
  return { connect, connectFirst, connecting, problem }
}
