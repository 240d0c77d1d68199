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
  secretLines,
  string,
  tablePreview
} from 'channel-kit/form'
import type { Tools } from 'channel-kit/tools'
import { type Static, Type } from 'typebox'

export const Options = Type.Object({})

const PROFILES = {
  current: { title: 'Current service', group: 'Profiles' },
  'readme-2.0': { title: 'As the README of the Mautic bundle 2.0', group: 'Profiles' }
}

const MODES = {
  auto: { title: 'In lots, and alone when nothing else waits', group: 'Modes' },
  lot: { title: 'Always in lots', group: 'Modes' },
  single: { title: 'Always alone, at once', group: 'Modes' }
}

const SERVICES = {
  whatsapp: { title: 'WhatsApp', group: 'Services' },
  sms: { title: 'SMS', group: 'Services' },
  rcs: { title: 'RCS', group: 'Services' }
}

const one = { min: 1, max: 1 }

const connection = group(
  { title: 'Connection' },
  {
    apiUrl: string({ title: 'Address of the API', pattern: '^https?://[^/]+' }),
    bearer: optional(password({ title: 'Bearer token', description: 'If the API wants one', sentTo: 'apiUrl' })),
    headers: optional(
      secretLines({
        title: 'Headers',
        description: 'One a line, such as X-Company: 12. Sent with every call, and not shown again',
        sentTo: 'apiUrl'
      })
    ),
    profile: listOfEnum({ title: 'Profile', values: PROFILES, limit: one, default: ['current'] }),
    timeZone: string({ title: 'Time zone', default: 'America/Sao_Paulo', minLength: 1 })
  }
)

const route = {
  crmId: integer({ title: 'CRM id', description: 'The number that BpMessage gave you', minimum: 1 }),
  portfolio: string({ title: 'Portfolio', description: 'bookBusinessForeignId, such as 11002', pattern: '\\S' }),
  route: optional(
    listOfEnum({
      title: 'Route',
      description: 'Save the other settings first; the routes are asked of the API',
      values: 'routes',
      limit: { max: 1 }
    })
  ),
  control: boolean({ title: 'Control recipients', description: 'Marks everybody as a monitor', default: false }),
  operatorCpf: optional(string({ title: 'CPF of the operator' }))
}

const lots = group(
  { title: 'Lots' },
  {
    mode: listOfEnum({ title: 'Mode', values: MODES, limit: one, default: ['auto'] }),
    batchSize: integer({ title: 'Most messages of a lot', default: 1000, minimum: 1, maximum: 5000 }),
    timeWindow: integer({
      title: 'Time that a lot gathers (sec)',
      description: 'From its first message on',
      default: 300,
      minimum: 1,
      maximum: 3600
    }),
    dispatchWindow: integer({
      title: 'Time that BpMessage has to send a lot (sec)',
      default: 86_400,
      minimum: 60,
      maximum: 2_592_000
    }),
    retryUnknown: boolean({
      title: 'Repeat what may have got through',
      description: 'Rather twice than not at all',
      default: false
    })
  }
)

const FILLED = 'May hold {contact}, {subject} and {contactfield=name|fallback}'

const message = {
  contract: string({ title: 'Contract', description: FILLED, default: '{contact}', pattern: '\\S' }),
  cpfCnpj: optional(string({ title: 'CPF or CNPJ', description: FILLED }))
}

const template = (title: string) =>
  optional(
    multiline({ title, description: 'One a line, code: text, with \\n for a line break. Used by /template code' })
  )

const status = group(
  { title: 'Status' },
  {
    route: markdownPreview({ title: 'Route', previewer: 'route' }),
    lots: tablePreview({ title: 'Last lots', previewer: 'lots' })
  }
)

export const PhoneSettings = form(
  { title: 'BpMessage', description: 'SMS, WhatsApp and RCS in lots', button: 'Save' },
  {
    connection,
    route: group(
      { title: 'Route', dependencies: { route: ['service', 'crmId', 'portfolio'] } },
      { service: listOfEnum({ title: 'Service', values: SERVICES, limit: one }), ...route }
    ),
    lots,
    message: group(
      { title: 'Message' },
      {
        ...message,
        rcsTemplate: optional(string({ title: 'RCS template', description: 'Its id, where /rcs names none' }))
      }
    ),
    templates: group({ title: 'Templates' }, { body: template('Texts') }),
    status
  }
)

export const EmailSettings = form(
  { title: 'BpMessage e-mail', description: 'E-mail in lots', button: 'Save' },
  {
    connection,
    route: group({ title: 'Route', dependencies: { route: ['crmId', 'portfolio'] } }, route),
    sender: group({ title: 'Sender' }, { from: string({ title: 'From', format: 'email' }) }),
    lots,
    message: group({ title: 'Message' }, message),
    templates: group({ title: 'Templates' }, { subject: template('Subjects'), body: template('Bodies') }),
    status
  }
)

export type PhoneTools = Tools<Static<typeof PhoneSettings>, Static<typeof Options>>
export type EmailTools = Tools<Static<typeof EmailSettings>, Static<typeof Options>>

/** Settings that both forms have. */
export type CommonSettings = Pick<PhoneTools['settings'], 'connection' | 'lots'> & {
  route: Pick<PhoneTools['settings']['route'], 'crmId' | 'portfolio' | 'route' | 'control' | 'operatorCpf'>
  message: Pick<PhoneTools['settings']['message'], 'contract' | 'cpfCnpj'>
  templates: { subject?: string; body?: string }
}
export type CommonTools = Tools<CommonSettings, Static<typeof Options>>
