import type { Writer } from './writer.ts'

/** The target of a link as text; '' for one that is no use outside of a browser. */
function targetOf(url: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url.slice(0, 32))?.[1]?.toLowerCase()
  if (scheme === 'tel' || scheme === 'mailto' || scheme === 'sms')
    return url.slice(scheme.length + 1).split('?')[0] ?? ''
  return url.startsWith('#') || scheme === 'javascript' || scheme === 'data' || scheme === 'vbscript' ? '' : url
}

/** True if the label already is the link's address. */
export function isSame(label: string, url: string): boolean {
  if (label.length > url.length + 16) return false
  const said = bare(label.trim())
  return said === bare(url) || said === bare(targetOf(url)) || (/^tel:/i.test(url) && digits(said) === digits(url))
}

const bare = (url: string) => url.replace(/^https?:\/\//i, '').replace(/\/$/, '')
const digits = (text: string) => text.replace(/\D/g, '')

/** Behind its label, if that has been written. */
export function writeTarget(out: Writer, url: string, labelled: boolean): void {
  const target = targetOf(url)
  if (!target) return
  if (labelled) out.text(' ')
  out.address(labelled ? `(${target})` : target)
}

export function writePicture(out: Writer, name: string, url: string): void {
  const shown = /^https?:/i.test(url) ? url : ''
  out.text(name && shown ? `${name}: ` : name)
  if (shown) out.address(shown)
}
