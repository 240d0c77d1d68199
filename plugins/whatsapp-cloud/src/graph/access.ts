import { type Json, record, text } from 'channel-kit/json'
import type { WhatsAppLookupTools, WhatsAppTools } from '../settings.ts'
import type { Access, Caller } from './call.ts'

const DEFAULT_VERSION = 'v25.0'

/** How this account calls the Graph API, also with settings that are not complete; undefined: there is no token yet. */
export function callerOf({ settings, options, fetch, log }: WhatsAppTools | WhatsAppLookupTools): Caller | undefined {
  const access = accessOf(record(settings.account), options.graphUrl)
  return access && { access, fetch, log }
}

function accessOf(account: Json, graphUrl: string): Access | undefined {
  const token = text(account.accessToken).trim()
  const version = text(account.graphVersion) || DEFAULT_VERSION
  if (!token) return undefined
  return {
    base: `${graphUrl.replace(/(?<!\/)\/+$/, '')}/${version}`,
    token,
    secret: secretsOf(text(account.appSecret))[0] ?? ''
  }
}

/** Several while one is exchanged for another, and where several apps call one address. */
export const secretsOf = (secrets: string): readonly string[] => secrets.split(/\s+/).filter(Boolean)
