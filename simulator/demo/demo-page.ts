import type { FastifyInstance } from 'fastify'
import type { CrmKnowledge } from '../crm/crm.ts'
import type { GatewayAt } from './gateway.ts'
import { pageApi } from './page-api.ts'
import { pageFiles } from './page-files.ts'

/** The page to play with. `gateways`: simulated ones behind plugins, by the key of the plugin, whose side is shown too. */
export const demoPage =
  (gateways: Readonly<Record<string, GatewayAt>> = {}) =>
  (app: FastifyInstance, known: CrmKnowledge): void => {
    app.register(pageApi, { prefix: '/api', ...known, gateways })
    app.register(pageFiles, { plugins: known.plugins })
  }
