import { useEffect, useState } from 'preact/hooks'
import type { Conversation } from '../../../crm/model.ts'
import { useShell } from '../shell.ts'

const incoming = ({ messages }: Conversation) => messages.filter(({ direction }) => direction === 'incoming')

/** How many messages of each contact came since one last looked; remembered as long as the browser tab lives. */
export function useUnread(conversations: readonly Conversation[], current: string | undefined) {
  const kept = `seen ${useShell().plugin}`
  const [seen, setSeen] = useState<Record<string, string>>(() => JSON.parse(sessionStorage.getItem(kept) ?? '{}'))
  const front = conversations.find(({ contact }) => contact === current)
  const last = front && incoming(front).at(-1)?.id

  useEffect(() => {
    if (current !== undefined && last !== undefined) setSeen(before => ({ ...before, [current]: last }))
  }, [current, last])
  useEffect(() => sessionStorage.setItem(kept, JSON.stringify(seen)), [kept, seen])

  return (conversation: Conversation) => {
    if (conversation.contact === current) return 0
    const received = incoming(conversation)
    return received.length - 1 - received.findIndex(({ id }) => id === seen[conversation.contact])
  }
}
