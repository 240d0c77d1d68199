import { ask } from '../http/ask.ts'

/** A scrape as Prometheus makes it. */

export const METRICS_TOKEN = 'metrics-token-for-tests-0123456789'

const AUTHORIZED = { headers: { authorization: `Bearer ${METRICS_TOKEN}` } }

/** Values by the series, as the text has them: `name{label="value"}`. */
export async function scraped(url: string, asked: object = AUTHORIZED): Promise<ReadonlyMap<string, number>> {
  const { status, text } = await ask(`${url}metrics`, asked)
  if (status !== 200) throw new Error(`the scrape was answered ${status}: ${text}`)
  const series = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    series.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))] as const)
  )
}

/** Names of metrics, and of the labels of each, without what the library adds to a histogram. */
export function namesOf(series: ReadonlyMap<string, number>): ReadonlyMap<string, readonly string[]> {
  const labels = new Map<string, Set<string>>()
  for (const key of series.keys()) {
    const [, name = '', inside = ''] = /^(\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})?$/.exec(key) ?? []
    const own = labels.get(name) ?? new Set<string>()
    labels.set(name, own)
    for (const [, label = ''] of inside.matchAll(/(\w+)="/g)) if (label !== 'le') own.add(label)
  }
  return new Map([...labels].map(([name, own]) => [name, [...own].sort()]))
}
