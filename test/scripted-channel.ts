import { type Channel, defineChannel } from 'channel-kit/channel'
import { STATUSES } from 'channel-kit/chat'
import { form, group } from 'channel-kit/form'
import type { Outcome, Outgoing } from 'channel-kit/outcome'
import type { Tools } from 'channel-kit/tools'
import { type TObject, Type } from 'typebox'

/** A channel whose sends a test decides on, and which keeps what it was handed. */
export function scripted(send: (message: Outgoing, tools: Tools) => Promise<Outcome>, more: Partial<Channel> = {}) {
  const handed: Outgoing[] = []
  const channel: Channel = Object.assign(
    defineChannel<TObject, TObject>({
      name: 'scripted',
      info: {
        name: 'Scripted',
        description: 'For tests',
        developer: { name: 'Test', email: 'test@example.com', hostname: 'example.com' }
      },
      icon: new URL('../plugins/echo/icon.png', import.meta.url),
      translations: new URL('../plugins/echo/translations/', import.meta.url),
      options: Type.Object({}),
      settings: form({ title: 'Settings', button: 'Save' }, { main: group({ title: 'Main' }, {}) }),
      dedupes: false,
      capabilities: () => ({
        contactType: 'phone',
        subject: true,
        typing: false,
        formats: ['text'],
        incoming: true,
        outgoing: true,
        writeFirst: true,
        statuses: STATUSES,
        attachments: []
      }),
      async send(message, tools) {
        handed.push(message)
        return send(message, tools)
      }
    }),
    more
  )
  return { channel, handed, texts: () => handed.map(({ content }) => content?.text ?? '') }
}

/** An outcome that needs no thought. */
export const taken = async ({ id }: Outgoing): Promise<Outcome> => ({ kind: 'accepted', ref: `ref-${id}` })

export const text = (contact: string, words: string) => ({
  contact,
  subject: null,
  content: { text: words, format: 'text' as const },
  attachments: []
})
