import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { LookupTools } from 'channel-kit/channel'
import type { ListedTemplate } from 'channel-kit/listed-template'
import { Type } from 'typebox'
import { templatesOf } from '../../channels/contract.ts'
import { languageOf } from '../../channels/language.ts'
import type { LendTools } from '../../channels/tools.ts'
import type { SettingsStore } from '../../registrations/settings.ts'
import { lookUp } from '../channel-lookup.ts'
import { Missing } from '../errors.ts'
import { ById, Nullable } from '../lists.ts'
import { type MountedRegistrations, mountedRegistration } from '../mounted-registration.ts'

/** Templates of one answer at most. */
const MOST_TEMPLATES = 500

const Template = Type.Object(
  {
    name: Type.String(),
    language: Nullable(Type.String()),
    status: Nullable(Type.String({ description: "The gateway's own word; null: nobody has to approve it" })),
    isUsable: Type.Boolean({ description: 'It may be sent now' }),
    reason: Nullable(Type.String({ description: 'Why not' })),
    category: Nullable(Type.String()),
    header: Nullable(Type.String({ description: 'Its text, or the kind of one that is no text, such as `image`' })),
    body: Type.String(),
    footer: Nullable(Type.String()),
    buttons: Type.Array(Type.String()),
    parameters: Type.Array(Type.String(), { description: 'Names of its parameters in their order, or their numbers' })
  },
  { title: 'Template' }
)

const Templates = Type.Object(
  {
    items: Type.Array(Template),
    isCut: Type.Boolean({ description: 'There are more: search with a longer text' })
  },
  { title: 'Templates' }
)

interface Deps extends MountedRegistrations {
  settings: Pick<SettingsStore, 'load'>
  lend: LendTools
  defaultLanguage: string
}

/** `GET /registrations/{id}/templates`: templates that a message may name, as the gateway has them now. */
export const templateApi =
  ({ settings, lend, defaultLanguage, ...registrations }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/registrations/:id/templates',
      {
        config: { scope: 'read' },
        schema: {
          summary: 'Templates that a message may name, as the gateway has them now',
          description: '404 where the channel has no templates, 409 where its gateway cannot say now.',
          params: ById,
          querystring: Type.Object(
            {
              query: Type.Optional(Type.String({ maxLength: 200, description: 'A piece of its name or of its text' }))
            },
            { additionalProperties: false }
          ),
          response: { 200: Templates }
        }
      },
      async ({ params: { id }, query: { query = '' }, client, log }) => {
        const { registration, mounted } = await mountedRegistration(registrations, client, id)
        const verbs = mounted.channel.templates
        if (!verbs) throw new Missing('template: the channel has none')
        const parts = { mounted, registration, lend, language: languageOf(mounted, defaultLanguage)(undefined) }
        const answer = await lookUp(parts, {
          name: 'templates.list',
          settings: await settings.load(id),
          verb: tools => verbs.list(tools as LookupTools),
          log
        })
        const found = templatesOf(answer, log).filter(isFound(query))
        return { items: found.slice(0, MOST_TEMPLATES).map(ownCopy), isCut: found.length > MOST_TEMPLATES }
      }
    )
  }

function isFound(query: string): (template: ListedTemplate) => boolean {
  const wanted = query.trim().toLowerCase()
  return ({ name, body }) => `${name}\n${body}`.toLowerCase().includes(wanted)
}

/** As the answer's schema has it, which takes no read-only list. */
const ownCopy = ({ buttons, parameters, ...template }: ListedTemplate) => ({
  ...template,
  buttons: [...buttons],
  parameters: [...parameters]
})
