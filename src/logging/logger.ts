import type { FastifyBaseLogger, FastifyServerOptions } from 'fastify'
import { rethrownWithoutValues } from '../postgres/errors-without-values.ts'
import { createLineLimit, type LineFacts } from './line-limit.ts'
import { maskContacts } from './mask-contacts.ts'
import { prettyLine } from './pretty-line.ts'

/** The log: what is written, and as whom it shows people. The one place through which every line goes. */

interface How {
  level: string
  /** Contacts are shown as they are. */
  contacts: boolean
  /** For a person at a terminal, instead of JSON. */
  pretty: boolean
  stream?: NodeJS.WritableStream | undefined
}

type LoggerOptions = Exclude<FastifyServerOptions['logger'], boolean | undefined>

/** Levels from which on a line is always written: the last ones before the end. */
const FATAL = 60

/** `tellBy`: the logger by which the sums of left out lines are told. */
export function createLogger({ level, contacts, pretty, stream }: How): {
  options: LoggerOptions
  tellBy: (log: Pick<FastifyBaseLogger, 'info'>) => void
} {
  let log: Pick<FastifyBaseLogger, 'info'> | undefined
  const passes = createLineLimit({
    omitted: (kind, lines) => log?.info({ event: 'log.omitted', kind, lines }, 'lines of one kind were left out')
  })
  const options: LoggerOptions = {
    level,
    ...(stream ? { stream } : {}),
    hooks: {
      logMethod(given, write, number) {
        const [facts, text] = given as unknown as [unknown, unknown]
        const about: LineFacts = typeof facts === 'object' && facts !== null ? facts : {}
        const { event, registration = this.bindings().registration } = about
        const words = String(typeof facts === 'string' ? facts : text)
        if (number >= FATAL || passes({ event, registration }, words))
          write.apply(this, given.map(rethrownWithoutValues) as typeof given)
      },
      streamWrite(line) {
        const shown = contacts ? line : maskContacts(line)
        return pretty ? prettyLine(shown) : shown
      }
    }
  }
  return {
    options,
    tellBy(given) {
      log = given
    }
  }
}
