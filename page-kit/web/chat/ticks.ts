import { html } from 'htm/preact'
import { Icon, type IconName } from '../icons.ts'
import { label, useWords } from '../words.ts'

export type Progress = 'sending' | 'pending' | 'sent' | 'delivered' | 'read' | 'error'

const STATES: Record<Progress, { icon: IconName; words: string }> = {
  sending: { icon: 'clock', words: label('Sending') },
  pending: { icon: 'clock', words: label('Pending') },
  sent: { icon: 'check', words: label('Sent') },
  delivered: { icon: 'double', words: label('Delivered') },
  read: { icon: 'double', words: label('Read') },
  error: { icon: 'alert', words: label('Error') }
}

/** How far a message got, for the eye and in words. */
export function Ticks({ state }: { state: Progress }) {
  const t = useWords()
  const { icon, words: source } = STATES[state]
  const words = t(source)
  return html`
    <span class=${`ticks ${state}`} data-state=${state} title=${words}>
      <${Icon} name=${icon} /><span class="hidden">${words}</span>
    </span>
  `
}
