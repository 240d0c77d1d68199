import type { Command } from 'commander'

/** What a command found or did. */
export interface CliAnswer {
  /** For a program: the one JSON value of `--json`. */
  data: unknown
  /** For a person; may be empty. */
  text: string
  /** Why the command counts as failed although it has an answer. */
  failure?: string | undefined
}

/** An action that prints what `work` answers, which is given the command's arguments and then its options. */
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

/** Says how far a long run is, to somebody who watches; the line goes away with the next one. */
export function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`)
}

const CELLS = 20

/** How much of a long run is done: `██████░░░░░░░░░░░░░░  30%`. */
export function bar(done: number, all: number): string {
  const share = all > 0 ? Math.min(1, done / all) : 0
  const full = Math.floor(share * CELLS)
  return `${'█'.repeat(full)}${'░'.repeat(CELLS - full)} ${String(Math.floor(share * 100)).padStart(3)}%`
}

/** `1 file`, `2 files`. */
export const count = (number: number, word: string, many = `${word}s`) => `${number} ${number === 1 ? word : many}`
