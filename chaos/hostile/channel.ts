import { type Channel, defineChannel } from 'channel-kit/channel'
import { form, group, string } from 'channel-kit/form'
import { bareChannel } from 'channel-kit/testing'

/** The channel of the hostile tenant: it believes everybody and hands on whatever its gateway says, as no channel should. */

export const HOSTILE = 'hostile'

export const hostileChannel = (): Channel =>
  defineChannel({
    ...bareChannel,
    name: HOSTILE,
    settings: form(
      { title: 'Settings', button: 'Save' },
      { main: group({ title: 'Main' }, { url: string({ title: 'URL' }) }) }
    ),
    dedupes: true,
    capabilities: () => ({
      ...bareChannel.capabilities(),
      subject: true,
      formats: ['text', 'markdown', 'html'],
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
