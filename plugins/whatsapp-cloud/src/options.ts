import { Type } from 'typebox'

/** Options of the operator, since a tenant who chose them could send the host's calls, and its tokens, anywhere. */
export const Options = Type.Object({
  graphUrl: Type.String({
    default: 'https://graph.facebook.com',
    pattern: '^https?://[^/?#]+(/[^?#]*)?$',
    description: 'Where the Graph API is'
  }),
  mediaHosts: Type.String({
    default: 'lookaside.fbsbx.com *.fbsbx.com *.fbcdn.net',
    pattern: '^((\\*\\.)?[A-Za-z0-9.-]+( +|$))+$',
    description: 'Hosts that media may be fetched from with the access token, separated by spaces'
  })
})

/** True if the access token may be sent to this address. `*.name` stands for everything below a name. */
export function mayHoldMedia(url: URL, { graphUrl, mediaHosts }: { graphUrl: string; mediaHosts: string }): boolean {
  const graph = new URL(graphUrl)
  if (url.origin === graph.origin) return true
  // A gateway played on a machine of one's own has no certificate, and then its media have none either.
  if (url.protocol !== 'https:' && url.protocol !== graph.protocol) return false
  return mediaHosts.split(' ').some(host => host !== '' && fits(url.hostname, host.toLowerCase()))
}

const fits = (hostname: string, host: string) =>
  host.startsWith('*.') ? hostname.endsWith(host.slice(1)) : hostname === host
