import type { Content } from 'channel-kit/chat'
import { boolean, group, integer, multiline, optional } from 'channel-kit/form'
import { type TObject, Type } from 'typebox'
import type { Data } from './settings.ts'

/** Groups of the settings form that the host itself reads: every channel has them below its own. Pure. */

/** Words by which customers opt out of marketing and in again, as they are compared, and the answer to who opts out. */
export interface OptOut {
  outWords: readonly string[]
  inWords: readonly string[]
  /** ''; nothing is answered. */
  answer: string
}

export interface HostSettings {
  optOut: OptOut
  /** So long after a line of a person nothing is sent that should not be sent beside one. In seconds; 0: no line holds. */
  humanHoldS: number
}

/** In en_US, ru_RU, pt_BR and sk_SK. Words that customers write in other meanings too, such as "cancel" or "нет", are left out. */
const OUT_WORDS = [
  ['STOP', 'UNSUBSCRIBE', 'OPT OUT'],
  ['СТОП', 'ОТПИСАТЬСЯ', 'ОТПИСКА', 'НЕ ПИСАТЬ'],
  ['PARAR', 'PARE', 'SAIR', 'DESCADASTRAR'],
  ['ODHLÁSIŤ', 'ODHLASUJEM', 'NEPOSIELAŤ']
].flat()
const IN_WORDS = [['START', 'SUBSCRIBE'], ['СТАРТ', 'ПОДПИСАТЬСЯ'], ['VOLTAR', 'CADASTRAR'], ['PRIHLÁSIŤ']].flat()
const DEFAULT_OUT = OUT_WORDS.join('\n')
const DEFAULT_IN = IN_WORDS.join('\n')

const HOUR_S = 3_600
const MAX_WORDS = 4_000
const MAX_ANSWER = 1_000
const MAX_HOLD_H = 720
const HOLD_H = 12

const OPT_OUT = group(
  {
    title: 'Opt-outs',
    description:
      'A customer whose whole message is one of these words gets no more marketing of campaigns; what agents write still arrives'
  },
  {
    enabled: optional(boolean({ title: 'Act on these words', default: true })),
    outWords: optional(
      multiline({ title: 'Words to opt out, one a line', default: DEFAULT_OUT, maxLength: MAX_WORDS })
    ),
    inWords: optional(
      multiline({ title: 'Words to opt in again, one a line', default: DEFAULT_IN, maxLength: MAX_WORDS })
    ),
    answer: optional(
      multiline({
        title: 'Answer to an opt-out',
        description: 'Sent once; nothing is answered if it is empty',
        maxLength: MAX_ANSWER
      })
    )
  }
)

const AUTOMATION = group(
  { title: 'Automatic messages' },
  {
    humanHold: optional(
      integer({
        title: 'Hours without them after a line of a person',
        description:
          'So long after an agent has written to a customer, automatic answers are not sent. 0: they always are',
        minimum: 0,
        maximum: MAX_HOLD_H,
        default: HOLD_H
      })
    )
  }
)

const groupsFor = (incoming: boolean) => ({ ...(incoming ? { optOut: OPT_OUT } : {}), automation: AUTOMATION })

/** The form of a channel with the groups of the host. `incoming`: customers can write by it. Throws where the channel has one of that name. */
export function withHostGroups(form: TObject, incoming: boolean): TObject {
  const groups = groupsFor(incoming)
  const twice = Object.keys(groups).find(name => Object.hasOwn(form.properties, name))
  if (twice !== undefined) throw new Error(`its settings have a group "${twice}", which is the host's`)
  const { properties, required = [], ...rest } = form
  return Type.Object({ ...properties, ...groups }, { ...rest, required: [...required, ...Object.keys(groups)] })
}

/** Settings as the host reads them; the defaults for what nobody has saved. */
export function hostSettingsOf({ optOut = {}, automation = {} }: Data): HostSettings {
  const { enabled, outWords = DEFAULT_OUT, inWords = DEFAULT_IN, answer } = optOut
  const hours = typeof automation.humanHold === 'number' ? automation.humanHold : HOLD_H
  return {
    optOut:
      enabled === false
        ? { outWords: [], inWords: [], answer: '' }
        : { outWords: wordsIn(outWords), inWords: wordsIn(inWords), answer: text(answer).trim() },
    humanHoldS: Math.round(hours * HOUR_S)
  }
}

const text = (value: unknown) => (typeof value === 'string' ? value : '')

const wordsIn = (lines: unknown) => [
  ...new Set(
    text(lines)
      .split(/[\r\n,;]+/)
      .map(asCompared)
      .filter(word => word !== '')
  )
]

/** Customers write these with accents or without, in any case, with a dot behind or a hand that waves. */
const asCompared = (words: string) =>
  words
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()

/** The words where nobody has saved settings. */
export const defaultOptOut: OptOut = hostSettingsOf({}).optOut

/** The longest message that may be such a word, in HTML with its marks. */
const MAX_WORD = 100
const MAX_HTML = 1_000

/** The wish in a customer's message; undefined: it is about something else. */
export function wishIn({ text, format }: Content, { outWords, inWords }: OptOut): 'out' | 'in' | undefined {
  if (text.length > (format === 'html' ? MAX_HTML : MAX_WORD)) return undefined
  const words = asCompared(format === 'html' ? text.replace(/<[^<>]*>/g, ' ') : text)
  if (words === '') return undefined
  if (outWords.includes(words)) return 'out'
  return inWords.includes(words) ? 'in' : undefined
}
