import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseSync, Visitor } from 'oxc-parser'

/** Every regular expression of our sources, be it a literal, a form's `pattern` or a `RegExp` that a module composes. */

export interface Written {
  /** `src/a.ts:12`; of one that is composed, the file. */
  at: string
  source: string
  flags: string
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export async function regexesOfSources(): Promise<Written[]> {
  const folders = ['src', 'plugins']
  const files = (await Promise.all(folders.map(folder => filesOf(join(ROOT, folder))))).flat()
  const found: Written[] = []
  for (const file of files) found.push(...(await regexesOf(file)))
  return found
}

/** Simulators run beside no tenant, and a page runs in the browser of the one who looks at it. */
const APART = ['node_modules', 'simulator', 'test', 'fixtures']

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const inside = entries.map(entry => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return APART.includes(entry.name) ? [] : filesOf(path)
    return /\.ts$/.test(entry.name) ? [path] : []
  })
  return (await Promise.all(inside)).flat()
}

async function regexesOf(file: string): Promise<Written[]> {
  const text = await readFile(file, 'utf8')
  const { program, errors } = parseSync(file, text)
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`)
  const found: Written[] = []
  let composed = 0
  const at = (start: number) => `${relative(ROOT, file)}:${text.slice(0, start).split('\n').length}`
  new Visitor({
    Literal(node) {
      if ('regex' in node) found.push({ at: at(node.start), source: node.regex.pattern, flags: node.regex.flags })
    },
    Property({ key, value, start }) {
      const name = key.type === 'Identifier' ? key.name : ''
      if (name === 'pattern' && value.type === 'Literal' && typeof value.value === 'string')
        found.push({ at: at(start), source: value.value, flags: 'u' })
    },
    NewExpression({ callee }) {
      if (callee.type === 'Identifier' && callee.name === 'RegExp') composed += 1
    }
  }).visit(program)
  return composed > 0 ? [...found, ...(await composedBy(file, composed))] : found
}

/** Patterns that the module makes while it is loaded; one that is made later could not be checked, and there is no need for it. */
async function composedBy(file: string, count: number): Promise<Written[]> {
  const made: Written[] = []
  const plain = globalThis.RegExp
  globalThis.RegExp = new Proxy(plain, {
    construct(target, given: [string, string?]) {
      const [source, flags = ''] = given
      const regex = new target(source, flags)
      made.push({ at: relative(ROOT, file), source: regex.source, flags: regex.flags })
      return regex
    }
  })
  try {
    // A query makes it another module than one that is loaded already.
    await import(`${pathToFileURL(file).href}?composed`)
  } finally {
    globalThis.RegExp = plain
  }
  if (made.length < count) throw new Error(`${file} makes a RegExp after it was loaded, which cannot be checked`)
  return made
}
