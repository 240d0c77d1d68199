import type { LookupTools } from 'channel-kit/channel'
import {
  boolean,
  form,
  group,
  integer,
  listOfEnum,
  markdownPreview,
  optional,
  password,
  string
} from 'channel-kit/form'
import type { Tools } from 'channel-kit/tools'
import type { Static } from 'typebox'
import type { Options } from './options.ts'

const account = group(
  { title: 'Account', description: 'From the WhatsApp page of your app at developers.facebook.com' },
  {
    phoneNumberId: string({
      title: 'Phone number ID',
      description: 'The ID of the number, not the number',
      pattern: '^[0-9]{5,32}$'
    }),
    businessAccountId: string({ title: 'WhatsApp Business Account ID', pattern: '^[0-9]{5,32}$' }),
    accessToken: password({
      title: 'Access token',
      description: 'Of a system user and without an end; the one of the API setup page lives for a day',
      pattern: '^\\s*[!-~]+\\s*$'
    }),
    appSecret: password({
      title: 'App secret',
      description: 'App settings, Basic. Several, while one is exchanged for another, are separated by spaces',
      pattern: '\\S'
    }),
    verifyToken: password({
      title: 'Verify token',
      description: 'You choose it, here and at Meta; a strong one is proposed below',
      minLength: 8,
      maxLength: 255
    }),
    graphVersion: optional(
      string({ title: 'Version of the Graph API', default: 'v25.0', pattern: '^v[1-9][0-9]?\\.[0-9]$' })
    )
  }
)

const window = group(
  {
    title: '24-hour window',
    description: 'WhatsApp takes only templates once a customer has not written for 24 hours'
  },
  {
    fallbackTemplate: optional(
      listOfEnum({
        title: 'Template to send then',
        description: 'It carries the text of the message; without one the message ends in an error',
        values: 'templates',
        limit: { max: 1 }
      })
    ),
    fallbackParameter: optional(
      string({
        title: 'Parameter for the text',
        description: 'The number or the name of the parameter of the body that carries the text',
        default: '1',
        pattern: '^[a-z0-9_]{1,64}$'
      })
    )
  }
)

const choice = (title: string, options: Readonly<Record<string, string>>, chosen: string) =>
  optional(
    listOfEnum({
      title,
      values: Object.fromEntries(Object.entries(options).map(([key, name]) => [key, { title: name, group: title }])),
      limit: { min: 1, max: 1 },
      default: [chosen]
    })
  )

const incoming = group(
  { title: 'Incoming messages', description: 'How they appear in the chat' },
  {
    reactions: choice('Reactions', { show: 'As a message', hide: 'Not at all' }, 'show'),
    locations: choice('Locations', { full: 'Name, address and link to a map', link: 'Link to a map' }, 'full'),
    quotes: choice(
      'Replies and forwarded messages',
      { mark: 'With a line that says so', hide: 'As any message' },
      'mark'
    ),
    referrals: choice(
      'Messages after a click on an ad',
      { mark: 'With a line about the ad', hide: 'As any message' },
      'mark'
    ),
    echoes: choice(
      'Messages written in the WhatsApp app of the business',
      { show: 'As a note', hide: 'Not at all' },
      'show'
    ),
    failureNotes: choice(
      'Messages that failed',
      { show: 'With a message that says why', hide: 'Only with their status' },
      'hide'
    )
  }
)

const limits = group(
  { title: 'Limits' },
  {
    perSecond: optional(
      integer({
        title: 'Messages a second',
        description: 'WhatsApp allows 80, and 20 to a number that is used in the app too',
        default: 60,
        minimum: 1,
        maximum: 1000
      })
    ),
    contactPerMinute: optional(
      integer({ title: 'Messages a minute to one customer', default: 10, minimum: 1, maximum: 600 })
    ),
    contactBurst: optional(integer({ title: 'Messages at once to one customer', default: 10, minimum: 1, maximum: 45 }))
  }
)

const webhook = group(
  { title: 'Webhook' },
  {
    url: markdownPreview({ title: 'Set-up at Meta', previewer: 'webhook' }),
    connect: optional(
      boolean({
        title: 'Connect by itself',
        description:
          'Subscribes the app to the account and names this address for the number, in five minutes and then every day',
        default: false
      })
    ),
    status: markdownPreview({ title: 'State', previewer: 'health' })
  }
)

export const Settings = form(
  { title: 'WhatsApp', description: 'WhatsApp Business Platform, Cloud API', button: 'Save' },
  { account, window, incoming, limits, webhook }
)

export type WhatsAppTools = Tools<Static<typeof Settings>, Static<typeof Options>>
export type WhatsAppLookupTools = LookupTools<typeof Options>
export type Incoming = WhatsAppTools['settings']['incoming']

/** The choice of a list that takes one. */
export const chosen = (list: readonly string[] | undefined) => list?.[0]
