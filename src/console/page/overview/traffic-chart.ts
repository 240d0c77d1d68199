import { html } from 'htm/preact'
import { type ChartLine, LineChart } from 'page-kit/web/line-chart.ts'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useLoaded } from 'page-kit/web/use-loaded.ts'
import { useWords } from 'page-kit/web/words.ts'
import { useEffect } from 'preact/hooks'
import { ask, withQuery } from '../api.ts'
import { nameIn } from '../parts/names.ts'
import type { Counts, Traffic } from './overview-shapes.ts'

const READ_AGAIN_MS = 20_000
const NAMES = ['accepted', 'sent', 'failed', 'received'] as const satisfies readonly (keyof Counts)[]
const COLORS: Record<keyof Counts, string> = {
  accepted: '--muted',
  sent: '--accent',
  failed: '--bad',
  received: '--good'
}

interface ChartProps {
  window: 'hour' | 'day'
  registration?: number
}

/** Messages by minute or quarter of an hour, as lines; as sums for those who do not see them. */
export function TrafficChart({ window, registration }: ChartProps) {
  const t = useWords()
  const path = withQuery('/traffic', { window, registration })
  const { value: traffic, problem, reload } = useLoaded(signal => ask<Traffic>(path, { signal }), [path])
  useEffect(() => {
    const timer = setInterval(reload, READ_AGAIN_MS)
    return () => clearInterval(timer)
  }, [])

  if (problem)
    return html`<${Trouble} what=${t('The chart could not be read.')} problem=${problem} onRetry=${reload} />`
  const sums = NAMES.map(name => ({ name, sum: (traffic?.points ?? []).reduce((sum, point) => sum + point[name], 0) }))
  return html`
    <ul class="legend">
      ${sums.map(({ name, sum }) => html`<li key=${name}><span class=${`swatch ${name}`} aria-hidden="true"></span> ${nameIn(t, name)} <strong>${sum}</strong></li>`)}
    </ul>
    ${traffic && html`<${LineChart} times=${traffic.points.map(({ at }) => at)} lines=${linesOf(traffic)} />`}
  `
}

const linesOf = ({ points }: Traffic): ChartLine[] =>
  NAMES.map(name => ({ color: COLORS[name], values: points.map(point => point[name]) }))
