import type { FastifyInstance } from 'fastify'
import { IMPORT_MAP_SOURCE, pageFiles } from 'page-kit/page-files'
import type { CrmKnowledge } from '../crm/crm.ts'
import type { GatewayAt } from './gateway.ts'
import { pageApi } from './page-api.ts'

/** The page to play with. `gateways`: simulated ones behind plugins, by the key of the plugin, whose side is shown too. */
export const demoPage =
  (gateways: Readonly<Record<string, GatewayAt>> = {}) =>
  (app: FastifyInstance, known: CrmKnowledge): void => {
    app.register(pageApi, { prefix: '/api', ...known, gateways })
    const policy = () => policyOf(known.plugins().map(({ selfUri }) => new URL(selfUri).origin))
    app.register(pageFiles({ folder: new URL('./page/', import.meta.url), policy }))
  }

/** Frames, pictures and sounds may come from the plugins; everything else from the page itself. */
function policyOf(origins: readonly string[]): string {
  const plugins = [...new Set(origins)].join(' ')
  return [
    "default-src 'none'",
    `script-src 'self' ${IMPORT_MAP_SOURCE}`,
    "style-src 'self'",
    "connect-src 'self'",
    `img-src 'self' data: blob: ${plugins}`,
    `media-src blob: ${plugins}`,
    `frame-src ${plugins}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join('; ')
}
