/** A line of the log for a person at a terminal: time, level, event, text, and the rest behind it. */

const LEVELS: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL'
}
const COLOURS: Readonly<Record<number, number>> = { 40: 33, 50: 31, 60: 31 }

interface Line {
  level: number
  time: number
  msg?: string
  event?: string
  err?: { message?: string; stack?: string }
}

export function prettyLine(json: string): string {
  const {
    level,
    time,
    msg = '',
    event,
    err,
    pid: _,
    hostname: __,
    ...rest
  } = JSON.parse(json) as Line & Record<string, unknown>
  const colour = COLOURS[level]
  const name = (LEVELS[level] ?? String(level)).padEnd(5)
  const facts = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`
  )
  const words = [
    new Date(time).toISOString().slice(11, 23),
    colour === undefined ? name : `\u001b[${colour}m${name}\u001b[0m`,
    ...(event === undefined ? [] : [event]),
    printable([msg, ...facts].join(' '))
  ]
  const trouble =
    err === undefined ? '' : `\n      ${printable(err.stack ?? err.message ?? '').replaceAll('\n', '\n      ')}`
  return `${words.join(' ')}${trouble}\n`
}

/** Texts of gateways must not move the cursor of a terminal. */
const printable = (text: string) => text.replace(/[^\P{Cc}\n]/gu, '')
