import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { registerAjvFormats, type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import packageJson from '../../package.json' with { type: 'json' }
import type { RuntimeOf } from '../channels/call-channel.ts'
import type { Database } from '../postgres/connect.ts'
import { authorize } from './authorize.ts'
import { ErrorAnswer, refuseInvalid } from './errors.ts'
import { auditApi } from './routes/audit.ts'
import { messageApi } from './routes/messages.ts'
import { outboxApi } from './routes/outbox.ts'
import { registrationApi } from './routes/registrations.ts'
import { createAuthenticator } from './tokens.ts'

/** The public API of the host, in a Fastify context of its own: `/api/v1` below the host's own path. */

interface Deps {
  database: Database
  ready: RuntimeOf
  now: () => Date
  consoleToken: string | undefined
  /** Requests a second of one token. */
  perSecond: number
}

const DESCRIPTION = `What a company's other programs may ask of the host, and do. Every request but for this
description needs \`Authorization: Bearer\` with a token of \`npm run cli -- tokens create\`. Errors are
\`{code, message}\`, with \`errors\` by field where a request is not valid. Lists answer \`{items, next}\`; give
\`next\` as \`cursor\` to go on. Times are ISO 8601 in UTC.`

/** Refusals that every route may answer. */
const REFUSALS = {
  '4xx': ErrorAnswer,
  '5xx': ErrorAnswer
}

/** The library converts texts of a query, and leaves defaults out. */
const withDefaults: FastifySchemaCompiler<TSchema> = route => {
  const validate = TypeBoxValidatorCompiler(route)
  return value => validate(Value.Default(route.schema, value))
}

export const apiPlugin =
  ({ database, ready, now, consoleToken, perSecond }: Deps) =>
  async (scope: FastifyInstance): Promise<void> => {
    const app = scope.withTypeProvider<TypeBoxTypeProvider>()
    registerAjvFormats()
    app.setValidatorCompiler(withDefaults)
    refuseInvalid(app)
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'chat-plugin-host', version: packageJson.version, description: DESCRIPTION },
        components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
        security: [{ token: [] }]
      }
    })
    app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
    await app.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: true,
      uiConfig: { deepLinking: true },
      theme: { title: 'chat-plugin-host: API' }
    })

    await app.register(async guarded => {
      await authorize(guarded, { authenticate: createAuthenticator(database, consoleToken), perSecond })
      guarded.addHook('onRoute', route => {
        route.schema = { ...route.schema, response: { ...(route.schema?.response as object), ...REFUSALS } }
      })
      await guarded.register(registrationApi({ database, ready, now }))
      await guarded.register(messageApi({ database }))
      await guarded.register(outboxApi({ database, now }))
      await guarded.register(auditApi({ database }))
    })
  }
