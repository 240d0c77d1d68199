import t from 'tap'
import { infoJson } from '../../src/protocol/info.ts'

const info = {
  name: 'My channel',
  description: 'Sends *things*',
  developer: { name: ' Acme ', email: ' Support@Example.COM ', hostname: ' Example.COM ' }
}
const capabilities = {
  contactType: 'phone',
  subject: false,
  typing: false,
  formats: ['text', 'html'],
  incoming: true,
  outgoing: true,
  writeFirst: false,
  statuses: ['sent', 'error'],
  attachments: []
} as const
const languages = { current: 'ru_RU', default: 'en_US', available: ['en_US', 'ru_RU'] }

t.test('info is told key for key in the order of the reference', async t => {
  t.equal(
    JSON.stringify(infoJson(info, capabilities, languages, message => `${message}!`)),
    JSON.stringify({
      name: 'My channel!',
      description: 'Sends *things*!',
      type: 'CHAT',
      extra: {
        contactType: 'phone',
        capabilities: {
          subject: false,
          typing: false,
          messages: {
            formats: ['text', 'html'],
            incoming: true,
            outgoing: true,
            writeFirst: false,
            statuses: ['sent', 'error']
          },
          attachments: []
        }
      },
      languages: { current: 'ru_RU', default: 'en_US', available: ['en_US', 'ru_RU'] },
      developer: { name: 'Acme', email: 'support@example.com', hostname: 'example.com' }
    })
  )
})
