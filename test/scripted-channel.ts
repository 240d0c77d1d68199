import { type Channel, defineChannel } from 'channel-kit/channel'
import type { Outcome, Outgoing } from 'channel-kit/outcome'
import { bareChannel } from 'channel-kit/testing'
import type { Tools } from 'channel-kit/tools'
import type { TObject } from 'typebox'

/** A channel whose sends a test decides on, and which keeps what it was handed. */
export function scripted(send: (message: Outgoing, tools: Tools) => Promise<Outcome>, more: Partial<Channel> = {}) {
  const handed: Outgoing[] = []
  const channel: Channel = Object.assign(
    defineChannel<TObject, TObject>({
      ...bareChannel,
      name: 'scripted',
      capabilities: () => ({ ...bareChannel.capabilities(), subject: true }),
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
