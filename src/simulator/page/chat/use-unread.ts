import { useEffect, useState } from 'preact/hooks'
import type { Conversation } from '../../model.ts'

const incoming = ({ messages }: Conversation) => messages.filter(({ direction }) => direction === 'incoming').length

/** How many incoming messages of each contact came while another conversation was in front. */
export function useUnread(conversations: readonly Conversation[], current: string | undefined) {
  const [seen, setSeen] = useState<Record<string, number>>({})
  const front = conversations.find(({ contact }) => contact === current)
  const count = front ? incoming(front) : 0

  useEffect(() => {
    if (current !== undefined) setSeen(before => ({ ...before, [current]: count }))
  }, [current, count])

  return (conversation: Conversation) =>
    conversation.contact === current ? 0 : incoming(conversation) - (seen[conversation.contact] ?? 0)
}
