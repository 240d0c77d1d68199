import type { Lookup } from 'channel-kit/channel'
import type { Service } from './profile.ts'
import { type Drawn, hasQuota, routesOf, savedConnection, titleOf } from './routes.ts'
import type { CommonSettings } from './settings.ts'

/** The route that is saved, with its price and quota, and a loud word as long as nothing goes by it. */
export const routeState =
  (serviceOf: (route: Partial<CommonSettings['route']>) => Service) =>
  async (_: Lookup, tools: Drawn): Promise<string> => {
    const { now, translate } = tools
    const settings = savedConnection(tools)
    const { route = {} }: { route?: Partial<CommonSettings['route']> } = settings ?? {}
    const [chosen] = route.route ?? []
    if (!settings || chosen === undefined || !route.crmId || !route.portfolio)
      return translate('settings', 'No route is saved yet.')

    const service = serviceOf(route)
    const { crmId, portfolio } = route
    const found = await routesOf({ ...tools, settings }, { crmId, portfolio: portfolio.trim(), service, at: now() })
    if (found.kind === 'none')
      return translate('settings', 'The routes cannot be looked up: {reason}', { reason: found.reason })
    const known = found.routes.find(({ id }) => id === chosen)
    if (!known) return loud(translate('settings', 'The API has no such route'))
    const title = titleOf(known, service, translate)
    const warning = translate('settings', 'This route has no quota left. Messages wait until it has.')
    return hasQuota(known, service) ? title : `${loud(warning)}\n\n${title}`
  }

const loud = (words: string) => `**${words}**`
