import { checkSync } from 'recheck'
import t from 'tap'
import { regexesOfSources } from './regexes.ts'

// The pure backend needs no Java and no binary, and so checks alike on every machine.
process.env.RECHECK_BACKEND = 'pure'

// Much is tried, and on a slow core.
t.setTimeout(600_000)

t.test('every regular expression of the sources takes linear time', { timeout: 600_000 }, async t => {
  const written = await regexesOfSources()
  t.ok(written.length > 80, 'they are found')
  const known = new Map<string, string>()
  for (const { at, source, flags } of written) {
    const key = `/${source}/${flags}`
    const verdict = known.get(key) ?? verdictOf(source, flags)
    known.set(key, verdict)
    t.equal(verdict, 'safe', `${at} ${key}`)
  }
})

function verdictOf(source: string, flags: string): string {
  const found = checkSync(source, flags, { timeout: 30_000 })
  if (found.status === 'safe') return 'safe'
  return found.status === 'vulnerable' ? `${found.complexity.type}: ${found.attack.pattern}` : found.error.kind
}
