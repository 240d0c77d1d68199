import { html } from 'htm/preact'
import type { Message } from '../../../crm/model.ts'
import { Icon, type IconName } from '../icons.ts'

const STATES: Record<Message['state'], { icon: IconName; words: string }> = {
  sending: { icon: 'clock', words: 'Sending' },
  pending: { icon: 'clock', words: 'Pending' },
  sent: { icon: 'check', words: 'Sent' },
  delivered: { icon: 'double', words: 'Delivered' },
  read: { icon: 'double', words: 'Read' },
  error: { icon: 'alert', words: 'Error' }
}

/** How far a message got, for the eye and in words. */
export function Ticks({ state }: { state: Message['state'] }) {
  const { icon, words } = STATES[state]
  return html`
    <span class=${`ticks ${state}`} data-state=${state} title=${words}>
      <${Icon} name=${icon} /><span class="hidden">${words}</span>
    </span>
  `
}
