import type { Attachment } from 'channel-kit/chat'
import { visible } from 'channel-kit/typed'

/** `https://example.com/a.pdf Invoice of May.pdf`: a public address and, if wanted, a name. */
export function attachmentOf(value: string): Attachment | undefined {
  const [, address = '', name = ''] = /^(\S+)(?:\s+(.*))?$/s.exec(visible(value).trim()) ?? []
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return undefined
  const { pathname } = new URL(address)
  const last = pathname.slice(pathname.lastIndexOf('/') + 1)
  return { uri: address, name: name.trim() || decoded(last) || 'file', type: 'file' }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
