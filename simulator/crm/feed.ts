import type { CrmEvent } from './model.ts'

const KEPT = 5_000
const PATIENCE_MS = 10_000

/** Everything that happens in the CRM, for its page to follow and for tests to wait on. */
export function createFeed() {
  const events: CrmEvent[] = []
  const listeners = new Set<(event: CrmEvent) => void>()

  const publish = (event: CrmEvent) => {
    events.push(event)
    if (events.length > KEPT) events.splice(0, events.length - KEPT)
    for (const listener of [...listeners]) listener(event)
  }

  const subscribe = (listener: (event: CrmEvent) => void) => {
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }

  /** The first event that fits, whether it has happened already or is yet to come. */
  const waitFor = <Found extends CrmEvent = CrmEvent>(
    fits: ((event: CrmEvent) => event is Found) | ((event: CrmEvent) => boolean),
    timeoutMs = PATIENCE_MS
  ): Promise<Found> => {
    const past = events.find(event => fits(event))
    if (past) return Promise.resolve(past as Found)

    return new Promise((resolve, reject) => {
      const unsubscribe = subscribe(event => {
        if (!fits(event)) return
        clearTimeout(timer)
        unsubscribe()
        resolve(event as Found)
      })
      const timer = setTimeout(() => {
        unsubscribe()
        const seen = events.slice(-10).map(describe).join('\n  ')
        reject(new Error(`nothing that fits happened within ${timeoutMs} ms; last events:\n  ${seen || 'none'}`))
      }, timeoutMs)
    })
  }

  return { events: events as readonly CrmEvent[], publish, subscribe, waitFor }
}

export type Feed = ReturnType<typeof createFeed>

function describe(event: CrmEvent): string {
  if (event.type === 'exchange') {
    const { direction, method, path, status, failure } = event.exchange
    return `${direction} ${method} ${path} -> ${status ?? failure}`
  }
  if (event.type === 'status') return `status ${event.status} of ${event.messageId}`
  if (event.type === 'plugin') return `plugin ${event.plugin.key}`
  if (event.type === 'gateway') return `news at the gateway of ${event.plugin}`
  return `${event.type} ${event.message.id} (${event.contact})`
}
