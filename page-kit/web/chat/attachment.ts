import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { Icon } from '../icons.ts'

export interface Attachment {
  name: string
  uri: string
  type: 'file' | 'image' | 'voice'
}

/** A picture is shown, a voice can be heard, anything else is a link. */
export function AttachmentView({ name, uri, type }: Attachment) {
  const [broken, setBroken] = useState(false)
  const link = html`<a class="attachment" href=${uri} target="_blank" rel="noopener noreferrer"><${Icon} name=${broken ? 'file' : type} /> <span>${name}</span></a>`
  if (type === 'image' && !broken) {
    return html`
      <a class="picture" href=${uri} target="_blank" rel="noopener noreferrer">
        <img src=${uri} alt=${name} onError=${() => setBroken(true)} />
      </a>
    `
  }
  if (type === 'voice' && !broken) {
    return html`
      <div class="stack">
        ${link}
        <audio controls preload="metadata" src=${uri} aria-label=${name} onError=${() => setBroken(true)} />
      </div>
    `
  }
  return link
}
