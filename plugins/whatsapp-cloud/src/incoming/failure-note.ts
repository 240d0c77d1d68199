import type { MessageEvent } from 'channel-kit/event'
import { chosen } from '../settings.ts'
import type { Manner } from './content.ts'
import type { Context } from './message.ts'

interface Failure {
  /** Ref of the failure: the same failure is reported once. */
  ref: string
  contact: string
  reason: string
}

/** For an agent who sees no more of a status than that it is an error. */
export function failureNote(
  { ref, contact, reason }: Failure,
  { incoming, translate }: Pick<Manner, 'incoming' | 'translate'>
): MessageEvent[] {
  if (chosen(incoming.failureNotes) !== 'show' || !contact) return []
  const context: Context = { opens: false, note: true }
  return [
    {
      kind: 'message',
      by: 'channel',
      ref: `${ref}:failed`,
      contact,
      subject: null,
      content: { text: translate('chat', '[Not delivered: {reason}]', { reason }), format: 'text' },
      attachments: [],
      context
    }
  ]
}
