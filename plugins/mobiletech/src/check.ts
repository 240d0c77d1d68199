import type { FieldErrors } from 'channel-kit/channel'
import { type LineError, readTemplates } from 'channel-kit/template-list'
import { keywords } from './auto-reply.ts'
import { isToken } from './gateway.ts'
import type { MobiletechTools } from './settings.ts'

/** Checks the settings that an admin saves. The gateway has no call to try them with. */
export async function check(tools: MobiletechTools): Promise<FieldErrors> {
  const { templates, errors } = await readTemplates(tools.settings.templates.templates ?? '')
  return {
    ...gatewayErrors(tools),
    ...autoReplyErrors(tools, [...templates.keys()]),
    ...(errors.length > 0 ? { 'templates.templates': errors.map(error => lineProblem(error, tools)) } : {})
  }
}

function gatewayErrors({ settings: { gateway }, translate }: MobiletechTools): FieldErrors {
  const needed = translate('settings', 'This is needed to go live')
  const live = gateway.mode[0] === 'live'
  const missing = (['url', 'servId', 'shortNumber', 'billkey'] as const).filter(name => live && !gateway[name]?.trim())
  return {
    ...Object.fromEntries(missing.map(name => [`gateway.${name}`, [needed]])),
    ...(gateway.url?.trim() && !isHttp(gateway.url)
      ? { 'gateway.url': [translate('settings', 'This is no address of the form https://…')] }
      : {}),
    ...(isToken(gateway.bearer)
      ? {}
      : { 'gateway.bearer': [translate('settings', 'A token has no spaces and no letters with marks')] })
  }
}

/** An address with a password in it cannot be fetched. */
function isHttp(url: string): boolean {
  const { protocol = '', username = '' } = URL.parse(url.trim()) ?? {}
  return ['http:', 'https:'].includes(protocol) && username === ''
}

function autoReplyErrors({ settings, translate }: MobiletechTools, codes: readonly string[]): FieldErrors {
  const code = settings.autoReply.template?.trim() ?? ''
  if (code && !codes.includes(code))
    return { 'autoReply.template': [translate('settings', 'There is no template {code}', { code })] }
  if (!code && keywords(settings).length > 0)
    return { 'autoReply.template': [translate('settings', 'The keywords need a template to answer with')] }
  return {}
}

function lineProblem({ line, kind, detail = '' }: LineError, { translate }: MobiletechTools): string {
  if (kind === 'no-code') return translate('settings', 'Line {line}: it has to be written "code: text"', { line })
  if (kind === 'twice') return translate('settings', 'Line {line}: this code is there twice', { line })
  if (kind === 'empty') return translate('settings', 'Line {line}: the template has no text', { line })
  return translate('settings', 'Line {line}: the template is broken: {detail}', { line, detail })
}
