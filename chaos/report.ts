import type { Outcome } from './run.ts'

const SHOWN = 10
const LAST_LINES = 40

export const isClean = ({ ledger }: Outcome): boolean => ledger.every(({ broken }) => broken.length === 0)

/** The faults injected and the ledger, for people. */
export function report(seed: number, outcome: Outcome): string {
  const { ledger, ends, faults, complaints } = outcome
  const lines = [
    `seed ${seed}`,
    '',
    'Faults injected',
    ...faults.map(([what, count]) => `${String(count).padStart(7)}  ${what}`),
    '',
    'Ends of processes and silences of the database, in milliseconds of the run',
    ...ends.map(
      ({ what, how, at, untilAt }) => `${String(at).padStart(7)}  ${what} ${how}, back at ${untilAt ?? 'no time'}`
    ),
    '',
    'Ledger',
    ...ledger.flatMap(({ promise, checked, noted, broken }) => [
      `${broken.length === 0 ? ' kept' : 'BROKEN'}  ${promise}: ${checked} checked${broken.length > 0 ? `, ${broken.length} broken` : ''}`,
      ...Object.entries(noted).map(([what, count]) => `${String(count).padStart(13)}  ${what}`),
      ...broken.slice(0, SHOWN).map(problem => `        - ${problem}`),
      ...(broken.length > SHOWN ? [`        - and ${broken.length - SHOWN} more`] : [])
    ]),
    ''
  ]
  if (isClean(outcome)) return [...lines, 'Every promise was kept.', ''].join('\n')
  return [...lines, 'Last words of the hosts', ...complaints.split('\n').slice(-LAST_LINES), ''].join('\n')
}
