import { ATTACHMENT_TYPES, type AttachmentType, FORMATS, type Format } from 'channel-kit/chat'
import { type Static, Type } from 'typebox'

const Switch = (env: string) => Type.String({ env, default: '1', pattern: '^[01]$', description: '1 or 0' })
const Words = (env: string, words: readonly string[]) =>
  Type.String({
    env,
    default: words.join(' '),
    pattern: `^((${words.join('|')})( +|$))*$`,
    description: `Any of ${words.join(', ')}, separated by spaces`
  })

/** Capabilities of the channel, by the variables of the PHP example. */
export const Options = Type.Object({
  contactType: Type.String({
    env: 'LV_PLUGIN_CONTACT_TYPE',
    default: 'phone',
    minLength: 1,
    description: 'phone, email or uri'
  }),
  subject: Switch('LV_PLUGIN_CAPABILITY_SUBJECT'),
  formats: Words('LV_PLUGIN_MESSAGE_FORMATS', FORMATS),
  incoming: Switch('LV_PLUGIN_MESSAGE_INCOMING'),
  outgoing: Switch('LV_PLUGIN_MESSAGE_OUTGOING'),
  writeFirst: Switch('LV_PLUGIN_MESSAGE_WRITE_FIRST'),
  attachments: Words('LV_PLUGIN_ATTACHMENTS', ATTACHMENT_TYPES)
})

export type Options = Static<typeof Options>

export const formatsOf = ({ formats }: Options) => words<Format>(formats)
export const attachmentsOf = ({ attachments }: Options) => words<AttachmentType>(attachments)

const words = <Word extends string>(text: string) => text.split(' ').filter(Boolean) as Word[]
