import type { FastifyPluginAsync } from 'fastify'
import type { Static, TObject } from 'typebox'
import type { AttachmentType, ChatMessage, Format, Status } from './chat.ts'
import type { Downloaded, GatewayEvent, Media } from './event.ts'
import type { Choices } from './form.ts'
import type { ListedTemplate } from './listed-template.ts'
import type { Lots } from './lots.ts'
import type { Outcome, Outgoing } from './outcome.ts'
import type { Tools } from './tools.ts'

/**
 * The contract of a channel: data first, then verbs. A channel is a stateless
 * translator between the CRM's chat and one gateway; everything durable is the
 * host's. By example: docs/channels.md.
 */

/** Capabilities of a channel, as `/info` has them for the CRM. Source: docs/protocol.md, "Info". */
export interface Capabilities {
  contactType: string
  subject: boolean
  typing: boolean
  formats: readonly Format[]
  incoming: boolean
  outgoing: boolean
  writeFirst: boolean
  statuses: readonly Status[]
  attachments: readonly AttachmentType[]
}

export interface WebhookRequest {
  method: 'GET' | 'POST'
  query: Readonly<Record<string, unknown>>
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** The bytes as they came, for signatures. */
  body: Buffer
}

export interface Reply {
  status: number
  headers?: Readonly<Record<string, string>>
  body?: string
}

/** `answer`: not an event but a question, such as a challenge, and this is the reply. */
export type Verdict = { kind: 'genuine' } | { kind: 'answer'; reply: Reply } | { kind: 'refused'; reason: string }

export interface Received {
  reply: Reply
  events: readonly GatewayEvent[]
  /**
   * Other accounts, by `account`, that the call is about as well: gateways know one address for several. The host hands
   * the call as it came to the registration that has such an account, if that is one of the same company and the call is
   * genuine by its settings too.
   */
  elsewhere?: readonly string[]
  /** Things of the call that became no event: why, and how many of each. Operators read it, so it quotes no customer. */
  skipped?: Readonly<Record<string, number>>
}

export interface Polled {
  events: readonly GatewayEvent[]
  /** Handed to the next poll; stored in the same transaction as the events. JSON. */
  cursor: unknown
}

/** How fast an account may send; nothing given is no limit. It holds over all hosts. */
export interface AccountLimits {
  /** Messages a second, in the long run; as many may go at once. */
  perSecond?: number
  /** Messages that wait for the gateway's answer at the same time. */
  inFlight?: number
  /** Messages a second to one contact, in the long run; `burst` may go at once. */
  perContact?: { perSecond: number; burst: number }
}

/** group.field: what is wrong with it, translated. */
export type FieldErrors = Readonly<Record<string, readonly string[]>>

export interface Lookup {
  /** The values of the fields it depends on, in the order declared. */
  dep: unknown
  context: unknown
}

/** An admin searches with a text, or the CRM resolves keys that were chosen before. */
export type Search = Lookup & ({ text: string } | { keys: readonly string[] })

export type Cell = string | number | boolean | null

/** File extension (lower case, or `*`): most bytes. No entry: the uploader takes nothing. */
export type UploadPermissions = Readonly<Record<string, number>>

export interface Channel<Settings extends TObject = TObject, Options extends TObject = TObject> {
  /** The path it is mounted under and the word for it everywhere: lower case, digits and dashes. */
  name: string
  info: {
    name: string
    description: string
    developer: { name: string; email: string; hostname: string }
  }
  /** A PNG of 128x128 with a transparent background. */
  icon: URL
  /** The folder of its catalogues, `xx_YY.json`. */
  translations: URL
  /** Options of the operator, from `CHANNEL_<NAME>_<OPTION>`, or from the variable that `env` of an option names. */
  options: Options
  capabilities(options: Static<Options>): Capabilities
  settings: Settings
  /** The same form, drawn for a `context` that the CRM gives. */
  form?(context: unknown): TObject
  /** The gateway drops a second send of the same id, so `unknown` may be tried again. */
  dedupes: boolean
  /**
   * Statuses of this gateway name our messages (`message.id`): how long to wait for one before a message that may have
   * left, in a crash or by a missed deadline, counts as `unknown`.
   */
  confirmsMs?: number
  /** The gateway's limits of an account; an admin may change them where the settings have a field for it. */
  limits?(settings: Static<Settings>): AccountLimits
  /**
   * A message may name a template (`message.template`) instead of a text. `list` names them for an operator, also those that
   * cannot be sent now; it throws `Unanswered` where the gateway cannot say. It has 15 s.
   */
  templates?: { list: Verb<[LookupTools<Options>], readonly ListedTemplate[]> }

  /** By the name of the uploader; `default` has the bare path. */
  uploads?: Readonly<Record<string, UploadPermissions>>

  send(message: Outgoing, tools: Tools<Static<Settings>, Static<Options>>): Promise<Outcome>

  /**
   * Why a message can never be sent, as far as that is known without the gateway: its contact, its length. An API client
   * is told when it posts the message. Called for a thousand messages in a row, so it is quick.
   */
  refusal?(message: ChatMessage, tools: Tools<Static<Settings>, Static<Options>>): Promise<string | undefined>

  /** For a gateway that takes messages in lots. A table preview named `lots` shows the registration's last ones. */
  lots?: Lots<Static<Settings>, Static<Options>>

  /** Webhooks: who may call, and what the call says. The events are stored before the reply goes out. */
  webhook?: {
    /** Most bytes of a call's body. */
    bodyLimit: number
    /** The gateway's name of the account of these settings, where calls may be about several accounts. */
    account?(settings: Static<Settings>): string
    verify(request: WebhookRequest, tools: Tools<Static<Settings>, Static<Options>>): Promise<Verdict>
    receive(request: WebhookRequest, tools: Tools<Static<Settings>, Static<Options>>): Promise<Received>
  }

  /** Fetches a file that a message event named. Called by a job, not by the webhook; has 120 s. */
  download?(media: Media, tools: Tools<Static<Settings>, Static<Options>>): Promise<Downloaded>

  /** For a gateway that has to be asked. Runs by `cron`, one at a time for a registration over all hosts. */
  poll?: {
    cron: string
    read(cursor: unknown, tools: Tools<Static<Settings>, Static<Options>>): Promise<Polled>
  }

  /** A live test of what an admin saves. Errors stop the save and are shown at their fields. */
  check?(tools: Tools<Static<Settings>, Static<Options>>): Promise<FieldErrors>

  autocompletes?: Readonly<Record<string, Verb<[Search, LookupTools<Options>], Choices>>>
  tables?: Readonly<Record<string, Verb<[Lookup, LookupTools<Options>], readonly Cell[][]>>>
  markdowns?: Readonly<Record<string, Verb<[Lookup, LookupTools<Options>], string>>>

  /** Routes of its own below its path, such as the page of an iframe field. */
  routes?: FastifyPluginAsync
}

/** Forms are drawn before settings are complete, so these are whatever has been saved. */
export type LookupTools<Options extends TObject = TObject> = Tools<
  Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  Static<Options>
>

/** A method's type, so that a channel of exact settings is a `Channel` of any (functions alone are compared more strictly). */
type Verb<Args extends unknown[], Result> = { run(...args: Args): Promise<Result> }['run']

export const defineChannel = <Settings extends TObject, Options extends TObject>(
  channel: Channel<Settings, Options>
): Channel<Settings, Options> => channel
