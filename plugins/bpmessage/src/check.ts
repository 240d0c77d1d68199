import type { FieldErrors } from 'channel-kit/channel'
import { readTemplates, type TemplateList } from 'channel-kit/template-list'
import { badHeaders } from './api.ts'
import type { Service } from './profile.ts'
import { routesOf } from './routes.ts'
import type { CommonTools } from './settings.ts'
import { isCpf, unpunctuated } from './taxpayer.ts'
import { isZone } from './time.ts'

/** Checks the settings that an admin saves: first without the API, then the route by asking it. */
export async function check(service: Service, tools: CommonTools): Promise<FieldErrors> {
  const problems = await seen(tools)
  return Object.keys(problems).length > 0 ? problems : asked(service, tools)
}

async function seen({ settings, translate }: CommonTools): Promise<FieldErrors> {
  const { connection, route, templates } = settings
  const operator = route.operatorCpf?.trim()
  return {
    ...errors(
      'connection.apiUrl',
      isPlain(connection.apiUrl)
        ? []
        : [
            translate(
              'settings',
              'An address has no password, query or fragment; there are fields for a token and headers'
            )
          ]
    ),
    ...errors(
      'connection.timeZone',
      isZone(connection.timeZone) ? [] : [translate('settings', 'There is no such time zone')]
    ),
    ...errors(
      'connection.headers',
      badHeaders(connection.headers ?? '').map(line =>
        translate('settings', '"{line}" is no header that can be set', { line })
      )
    ),
    ...errors(
      'route.operatorCpf',
      operator && !isCpf(unpunctuated(operator)) ? [translate('settings', 'This is no CPF')] : []
    ),
    ...errors('templates.subject', await templateErrors(templates.subject, translate)),
    ...errors('templates.body', await templateErrors(templates.body, translate))
  }
}

/** True if the address has no other parts, which would be shown, and logged, with it. */
function isPlain(address: string): boolean {
  const { username, password, search, hash } = URL.parse(address.trim()) ?? {}
  return username === '' && password === '' && search === '' && hash === ''
}

async function templateErrors(list: string | undefined, translate: CommonTools['translate']): Promise<string[]> {
  const words = (error: TemplateList['errors'][number]) => {
    switch (error.kind) {
      case 'no-code':
        return translate('settings', 'a line is written code: text')
      case 'twice':
        return translate('settings', 'the code is there twice')
      case 'empty':
        return translate('settings', 'the template has no text')
      case 'broken':
        return translate('settings', 'the template is broken: {detail}', { detail: error.detail ?? '' })
    }
  }
  const read = await readTemplates(list ?? '')
  return read.errors.map(error =>
    translate('settings', 'Line {line}: {problem}', { line: error.line, problem: words(error) })
  )
}

/** An API that is away must not keep an admin from saving, as long as it has not refused. */
async function asked(service: Service, tools: CommonTools): Promise<FieldErrors> {
  const { route } = tools.settings
  const { translate } = tools
  const found = await routesOf(tools, {
    crmId: route.crmId,
    portfolio: route.portfolio.trim(),
    service,
    at: tools.now()
  })
  if (found.kind === 'none') {
    if (!found.forbidden) return {}
    const message = translate('settings', 'The API refuses: {reason}', { reason: found.reason })
    return { 'connection.apiUrl': [message] }
  }
  const chosen = route.route?.[0]
  if (chosen === undefined) return {}
  // A route without a quota may have one tomorrow: the form's status warns of it.
  const isThere = found.routes.some(({ id }) => id === chosen)
  return isThere ? {} : { 'route.route': [translate('settings', 'The API has no such route')] }
}

const errors = (field: string, messages: readonly string[]): FieldErrors =>
  messages.length > 0 ? { [field]: messages } : {}
