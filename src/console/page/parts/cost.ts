import type { Cost } from '../shapes.ts'

/** A price in one line; nothing where the gateway told none. */
export function costText(cost: Cost | null): string | null {
  if (!cost) return null
  const { amount, currency, count, unit, category } = cost
  const price = amount === undefined ? undefined : `${amount} ${currency ?? ''}`.trim()
  return [price, `${count ?? 1} × ${unit}`, category].filter(Boolean).join(', ')
}
