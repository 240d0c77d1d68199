import type { Command } from 'commander'
import { DrizzleQueryError } from 'drizzle-orm/errors'

/** The result of a command. */
export interface CliAnswer {
  /** For a program: the one JSON value of `--json`. */
  data: unknown
  /** For a person; may be empty. */
  text: string
  /** The reason for which the command counts as failed although it has an answer. */
  failure?: string | undefined
}

/** An action that prints the result of `work`, which gets the command's arguments and then its options. */
export const answering =
  <Given extends unknown[]>(work: (...given: Given) => Promise<CliAnswer>) =>
  async (...given: [...Given, Command]): Promise<void> => {
    const command = given.at(-1) as Command
    const answer = await work(...(given.slice(0, -1) as Given))
    print(answer, command)
    if (answer.failure) throw new Error(answer.failure)
  }

export function print({ data, text }: CliAnswer, command: Command): void {
  const shown = command.optsWithGlobals().json ? JSON.stringify(data, null, 2) : text
  if (shown) process.stdout.write(`${shown}\n`)
}

/** The progress of a long run, on a terminal only; the next line overwrites it. */
export function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`)
}

const BAR_CELLS = 20

/** The share of a long run that is done: `██████░░░░░░░░░░░░░░  30%`. */
export function bar(done: number, all: number): string {
  const share = all > 0 ? Math.min(1, done / all) : 0
  const full = Math.floor(share * BAR_CELLS)
  return `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${String(Math.floor(share * 100)).padStart(3)}%`
}

/** `1 file`, `2 files`. */
export const count = (number: number, word: string, many = `${word}s`) => `${number} ${number === 1 ? word : many}`

/** An error's message for a person. Wrappers that only add a statement or several addresses are taken off. */
export function errorText(error: unknown): string {
  if (error instanceof DrizzleQueryError && error.cause) return errorText(error.cause)
  if (error instanceof AggregateError && error.errors.length > 0) return errorText(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  const { syscall } = error as NodeJS.ErrnoException
  if (syscall === 'connect' || syscall === 'getaddrinfo') return `The database cannot be reached: ${error.message}`
  return error.message || error.name
}
