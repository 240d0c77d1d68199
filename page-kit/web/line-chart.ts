import { html } from 'htm/preact'
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'

/** In pixels. */
const HEIGHT = 190
/** The least that the axis goes up to, so that one message is no mountain. */
const LEAST_TOP = 5

export interface ChartLine {
  /** A custom property of the style sheet, such as `--accent`. */
  color: string
  values: readonly number[]
}

interface ChartProps {
  /** ISO 8601, of each value. */
  times: readonly string[]
  lines: readonly ChartLine[]
}

/** Lines over time. For the eye alone: whoever shows it says the same in words beside it. */
export function LineChart({ times, lines }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const data = dataOf(times, lines)
  const latest = useRef(data)
  latest.current = data

  useEffect(() => {
    const element = frame.current
    if (!element) return
    const colors = lines.map(({ color }) => color)
    const draw = () => {
      plot.current?.destroy()
      plot.current = new uPlot(optionsOf(element, colors), latest.current, element)
    }
    draw()
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }))
    resized.observe(element)
    // Colours are read when a chart is made.
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', draw)
    return () => {
      scheme.removeEventListener('change', draw)
      resized.disconnect()
      plot.current?.destroy()
    }
  }, [])
  useEffect(() => plot.current?.setData(data), [JSON.stringify(data)])

  return html`<div class="chart" ref=${frame} aria-hidden="true"></div>`
}

const dataOf = (times: readonly string[], lines: readonly ChartLine[]): uPlot.AlignedData => [
  times.map(at => new Date(at).getTime() / 1_000),
  ...lines.map(({ values }) => [...values])
]

function optionsOf(element: HTMLElement, colors: readonly string[]): uPlot.Options {
  const style = getComputedStyle(element)
  const color = (name: string) => style.getPropertyValue(name).trim()
  const axis = { stroke: color('--muted'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false } }
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_, __, most) => [0, Math.max(LEAST_TOP, most * 1.1)] } },
    axes: [axis, { ...axis, size: 44 }],
    series: [{}, ...colors.map(name => ({ stroke: color(name), width: 1.5, points: { show: false } }))]
  }
}
