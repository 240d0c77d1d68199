import { Type } from 'typebox'
import type { Channel } from '../src/channel.ts'
import { STATUSES } from '../src/chat.ts'
import { form, group } from '../src/form.ts'

/**
 * The smallest channel that a host mounts: a test spreads it into `defineChannel` beside its own `send` and settings.
 * The icon lies beside this file, and no catalogue does, so that texts are shown as they are written.
 */
export const bareChannel = {
  name: 'bare',
  info: {
    name: 'Bare',
    description: 'For tests',
    developer: { name: 'Tests', email: 'tests@example.com', hostname: 'example.com' }
  },
  icon: new URL('icon.png', import.meta.url),
  translations: new URL('./', import.meta.url),
  options: Type.Object({}),
  settings: form({ title: 'Settings', button: 'Save' }, { main: group({ title: 'Main' }, {}) }),
  dedupes: false,
  capabilities: () => ({
    contactType: 'phone',
    subject: false,
    typing: false,
    formats: ['text'],
    incoming: true,
    outgoing: true,
    writeFirst: true,
    statuses: STATUSES,
    attachments: []
  }),
  send: async () => ({ kind: 'rejected', reason: 'a bare channel sends nothing' })
} satisfies Channel
