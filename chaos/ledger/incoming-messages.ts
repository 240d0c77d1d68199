import type { Journal } from '../journal.ts'
import { type Entry, openEntry } from './entry.ts'
import type { Excuses } from './excuses.ts'
import type { Rows } from './rows.ts'

/** Each once, but where the CRM took it and its answer was lost. */
export function incomingOnce(journal: Journal, rows: Rows, excuses: Excuses): Entry {
  const entry = openEntry('every incoming message is at the CRM, once unless an answer was lost')
  const heard = Map.groupBy(
    journal.told.filter(({ took, kind }) => took && kind === 'incoming'),
    ({ id }) => id
  )
  const written = [...webhooks(journal), ...foreseen(journal, rows)]
  for (const { text } of written) entry.check(problemOf(text))
  const known = new Set(written.map(({ text }) => text))
  for (const id of heard.keys()) if (!known.has(id)) entry.check(`the CRM heard of "${id}", which nobody wrote`)
  return entry.close()

  function problemOf(text: string): string | undefined {
    const told = heard.get(text) ?? []
    if (told.length === 0) return `${text} did not reach the CRM`
    for (const once of told.slice(0, -1)) {
      const excuse = excuses.tellingLost(once)
      if (!excuse) return `${text} was told twice (${once.conduct}, answered at ${once.answeredAt})`
      entry.note(`repeated: ${excuse}`)
    }
    return undefined
  }
}

/** By their first arrival, against the order in which the gateway got rid of them. */
export function incomingInOrder(journal: Journal): Entry {
  const entry = openEntry('incoming messages of a conversation reached the CRM in their order')
  const first = new Map<string, number>()
  for (const [index, { took, kind, id }] of journal.told.entries())
    if (took && kind === 'incoming' && !first.has(id)) first.set(id, index)

  const conversations = Map.groupBy(webhooks(journal), ({ account, contact }) => `${account.key} ${contact}`)
  for (const written of conversations.values())
    for (const [index, { text }] of written.entries()) {
      const before = written[index - 1]
      if (!before) continue
      const late = (first.get(before.text) ?? 0) > (first.get(text) ?? Number.POSITIVE_INFINITY)
      entry.check(late ? `${before.text} came after ${text}` : undefined)
    }
  return entry.close()
}

const webhooks = ({ reports }: Journal) =>
  reports.flatMap(({ text, contact, account, ackedAt }) =>
    text !== undefined && ackedAt !== undefined ? [{ text, contact, account }] : []
  )

/** Replies that an accepted answer announced. */
function foreseen({ arrivals }: Journal, rows: Rows): { text: string }[] {
  const announced = Map.groupBy(arrivals, ({ account, ref }) => `${account.key} ${ref}`)
  return [...rows.messages.values()].flatMap(({ state, account, ref }) => {
    const [answered] = (state === 'accepted' && announced.get(`${account} ${ref}`)) || []
    return (answered?.foreseen?.replies ?? []).map(text => ({ text }))
  })
}
