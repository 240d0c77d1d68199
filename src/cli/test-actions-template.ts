import { eq } from 'drizzle-orm'
import { registrations } from '../postgres/schema/schema.ts'
import { effectiveSettings } from '../protocol/settings.ts'
import type { CliAnswer } from './answer.ts'
import { withHost } from './lent-host.ts'

/** By the fields of the group `templates`: a line each. */
const TEXTS = {
  subject: 'A test for {{ name | default: "you" }}',
  body: 'Hello {{ name | default: "you" }}, this is a test.\\nYou are {{ contact }}.'
} as const

export async function testActionsCreate({
  registration: id,
  code
}: {
  registration: number
  code: string
}): Promise<CliAnswer> {
  if (!/^[\p{L}\p{N}_.-]+$/u.test(code))
    throw new Error('A code is of letters, digits, points, dashes and underscores.')
  return withHost({ worker: false }, async host => {
    const [row] = await host.database.db.select().from(registrations).where(eq(registrations.id, id))
    if (!row) throw new Error(`There is no registration ${id}.`)
    const mounted = host.mounted.find(({ channel }) => channel.name === row.channel)
    const group = mounted?.channel.settings.properties.templates as { properties: object } | undefined
    if (!mounted || !group) throw new Error(`The channel "${row.channel}" has no templates, or is not mounted.`)

    const { schema, saved } = { schema: mounted.channel.settings, saved: await host.settings.load(id) }
    if (!effectiveSettings(schema, saved)) throw new Error(`The settings of registration ${id} are not complete.`)
    const fields = Object.keys(TEXTS).filter(field => field in group.properties) as (keyof typeof TEXTS)[]
    const templates = Object.fromEntries(fields.map(field => [field, added(saved.templates?.[field], code, field)]))
    await host.settings.save(id, schema, { ...saved, templates: { ...saved.templates, ...templates } })
    return { data: { id, code, fields }, text: `Added the template. Try it: /template ${code} name=Ana` }
  })
}

function added(list: unknown, code: string, field: keyof typeof TEXTS): string {
  const lines = typeof list === 'string' && list.trim() ? list.trim().split(/\r\n|\r|\n/) : []
  if (lines.some(line => line.trim().startsWith(`${code}:`)))
    throw new Error(`There is a template "${code}" already. Give another --code.`)
  return [...lines, `${code}: ${TEXTS[field]}`].join('\n')
}
