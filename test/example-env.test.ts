import { readFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import t from 'tap'
import type { TSchema } from 'typebox'
import { Options } from '../plugins/echo/src/options.ts'
import { Environment, readConfig } from '../src/config.ts'

const TEXT = await readFile(new URL('../example.env', import.meta.url), 'utf8')

t.test('example.env has every variable of the host and of the echo channel, each with its default', async t => {
  t.same(parseEnv(TEXT), Object.fromEntries([...defaults(Environment), ...defaults(Options)]))
})

t.test('example.env tells of each variable what it is for, in the order of the schemas', async t => {
  const notes = [...TEXT.matchAll(/^# (.+)\n(\w+)=/gm)].map(([, note, name]) => [name, note])
  t.same(notes, [...descriptions(Environment), ...descriptions(Options)])
})

t.test('a host with example.env as its .env is a host without one', async t => {
  const [{ env: _, ...copied }, { env: __, ...bare }] = [readConfig(parseEnv(TEXT)), readConfig({})]
  t.same(copied, bare)
})

interface Variable {
  env?: string
  default: unknown
  description: string
  enum?: readonly string[]
}

interface Schema {
  properties: Record<string, TSchema>
}

function defaults({ properties }: Schema) {
  return variables(properties).map(([name, variable]) => [name, String(variable.default)])
}

function descriptions({ properties }: Schema) {
  return variables(properties).map(([name, { description, enum: words }]) => [
    name,
    words ? `${description}: ${words.join(', ')}` : description
  ])
}

/** An option of a channel may name its variable itself. */
function variables(properties: Schema['properties']) {
  return Object.entries(properties).map(([name, schema]) => {
    const variable = schema as unknown as Variable
    return [variable.env ?? name, variable] as const
  })
}
