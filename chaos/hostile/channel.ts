import { type Channel, defineChannel } from 'channel-kit/channel'
import { STATUSES } from 'channel-kit/chat'
import { form, group, string } from 'channel-kit/form'
import { Type } from 'typebox'

/** The channel of the hostile tenant: it believes everybody and hands on whatever its gateway says, as no channel should. */

export const HOSTILE = 'hostile'

export const hostileChannel = (): Channel =>
  defineChannel({
    name: HOSTILE,
    info: {
      name: 'Hostile',
      description: 'Its gateway, its CRM and its customers mean harm',
      developer: { name: 'Chaos', email: 'chaos@example.com', hostname: 'example.com' }
    },
    icon: new URL('../../plugins/echo/icon.png', import.meta.url),
    translations: new URL('../../plugins/echo/translations/', import.meta.url),
    options: Type.Object({}),
    settings: form(
      { title: 'Settings', button: 'Save' },
      { main: group({ title: 'Main' }, { url: string({ title: 'URL' }) }) }
    ),
    dedupes: true,
    capabilities: () => ({
      contactType: 'phone',
      subject: true,
      typing: false,
      formats: ['text', 'markdown', 'html'],
      incoming: true,
      outgoing: true,
      writeFirst: true,
      statuses: STATUSES,
      attachments: ['file']
    }),

    async send({ contact }, { settings: { main }, fetch, webhookUrl }) {
      const body = JSON.stringify({ contact, webhookUrl })
      const response = await fetch(main.url, { method: 'POST', body })
      return JSON.parse(await response.text())
    },

    webhook: {
      bodyLimit: 1024 * 1024,
      verify: async () => ({ kind: 'genuine' }),
      receive: async ({ body }) => JSON.parse(body.toString())
    }
  })
