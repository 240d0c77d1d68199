import type { Channel } from 'channel-kit/channel'
import { STATUSES } from 'channel-kit/chat'
import { form, group, string } from 'channel-kit/form'
import { Type } from 'typebox'

const ECHO = new URL('../../plugins/echo/', import.meta.url)

/** A channel that can be mounted and does nothing, for tests to make one of. */
export const bare = {
  name: 'bare',
  info: {
    name: 'Bare',
    description: 'For tests',
    developer: { name: 'Tests', email: 'tests@example.com', hostname: 'example.com' }
  },
  icon: new URL('icon.png', ECHO),
  translations: new URL('translations/', ECHO),
  options: Type.Object({}),
  settings: form(
    { title: 'Bare', button: 'Save' },
    { main: group({ title: 'Main' }, { word: string({ title: 'Word', default: '' }) }) }
  ),
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
