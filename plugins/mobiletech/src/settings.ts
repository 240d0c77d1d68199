import {
  boolean,
  form,
  group,
  integer,
  listOfEnum,
  markdownPreview,
  multiline,
  optional,
  password,
  string
} from 'channel-kit/form'
import type { Tools } from 'channel-kit/tools'
import { type Static, Type } from 'typebox'
import { OPERATOR_NAMES } from './operators.ts'

export const Options = Type.Object({
  attachments: Type.String({
    default: 'links',
    pattern: '^(links|none)$',
    description: 'What becomes of attachments: links (added to the text), none (the CRM offers none)'
  })
})

const choices = <Key extends string>(titles: Readonly<Record<Key, string>>, group: string) =>
  Object.fromEntries(Object.entries<string>(titles).map(([key, title]) => [key, { title, group }]))

export const Settings = form(
  { title: 'Mobiletech', description: 'SMS in Slovakia, both ways', button: 'Save' },
  {
    gateway: group(
      { title: 'Gateway' },
      {
        mode: listOfEnum({
          title: 'Mode',
          description: 'As long as this is the trial, nothing leaves: nobody gets a message',
          values: choices(
            {
              mock: 'TRIAL: nothing is sent, every message is reported as delivered at once',
              live: 'Live: messages are sent and charged'
            },
            'Mode'
          ),
          limit: { min: 1, max: 1 }
        }),
        url: optional(string({ title: 'Gateway URL', description: 'From your contract; it is needed to go live' })),
        bearer: optional(
          password({
            title: 'Bearer token',
            description: 'Only if there is a proxy in front of the gateway that wants one',
            sentTo: 'url'
          })
        ),
        servId: optional(string({ title: 'Service id', description: 'serv_id of your contract, such as 1700' })),
        projectId: optional(
          string({ title: 'Project id', description: 'Only if Mobiletech wants it in messages that are no replies' })
        ),
        shortNumber: optional(
          string({
            title: 'Short number',
            description: 'Where customers write to, such as 8800',
            pattern: '^[0-9]{0,15}$'
          })
        ),
        billkey: optional(string({ title: 'Billing key', description: 'The one that costs the customer nothing' })),
        replyWindow: optional(
          integer({
            title: 'Reply window (hours)',
            description: 'How long after a message of the customer ours are sent as replies to it',
            default: 24,
            minimum: 0,
            maximum: 8_760
          })
        ),
        defaultOperator: optional(
          listOfEnum({
            title: 'Default operator',
            description: 'For numbers whose operator cannot be told',
            values: choices(OPERATOR_NAMES, 'Operators'),
            limit: { max: 1 }
          })
        )
      }
    ),
    text: group(
      { title: 'Text' },
      {
        overflow: optional(
          listOfEnum({
            title: 'A text that is too long for one SMS',
            values: choices(
              { split: 'is sent in several, with their numbers', reject: 'is refused' },
              'A text that is too long for one SMS'
            ),
            limit: { max: 1 },
            default: ['split']
          })
        ),
        transliterate: optional(
          boolean({
            title: 'Write without diacritics',
            description: 'An SMS then has 160 characters instead of 70',
            default: true
          })
        )
      }
    ),
    autoReply: group(
      { title: 'Automatic answer' },
      {
        keyword: optional(
          multiline({
            title: 'Keywords',
            description: 'A message of exactly this word is answered; several by line or comma'
          })
        ),
        template: optional(
          string({ title: 'Template', description: 'Code of the answer; it may show message, contact and received_at' })
        )
      }
    ),
    templates: group(
      { title: 'Templates' },
      {
        templates: optional(
          multiline({
            title: 'Templates',
            description:
              'One a line, "code: text", with \\n for a line break and {{ name }} for a parameter. Agents write /template code name=Eva'
          })
        )
      }
    ),
    webhook: group({ title: 'Webhook' }, { url: markdownPreview({ title: 'Address', previewer: 'webhook' }) })
  }
)

export type MobiletechSettings = Static<typeof Settings>
export type MobiletechTools = Tools<MobiletechSettings, Static<typeof Options>>
