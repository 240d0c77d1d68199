import { useEffect, useState } from 'preact/hooks'
import { addressOf, ask } from '../api.ts'
import type { Overview } from './overview-shapes.ts'

const RETRY_MS = 3_000

/** The overview as the host streams it. A stream that breaks is opened anew. */
export function useOverview() {
  const [overview, setOverview] = useState<Overview>()
  const [isConnected, setConnected] = useState(true)

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let stream: EventSource | undefined
    const open = () => {
      stream = new EventSource(addressOf('/overview/live'))
      stream.addEventListener('overview', ({ data }) => {
        setConnected(true)
        setOverview(JSON.parse(data))
      })
      stream.onerror = () => {
        stream?.close()
        setConnected(false)
        timer = setTimeout(again, RETRY_MS)
      }
    }
    // A stream says nothing of a session that is over, a request does.
    const again = async () => {
      const result = await ask<Overview>('/overview')
      if (result.ok) setOverview(result.body)
      open()
    }
    open()
    return () => {
      clearTimeout(timer)
      stream?.close()
    }
  }, [])

  return { overview, isConnected }
}
