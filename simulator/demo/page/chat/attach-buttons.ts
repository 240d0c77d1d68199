import { html } from 'htm/preact'
import { Icon } from 'page-kit/web/icons.ts'
import type { AttachmentType } from '../../../crm/model.ts'

const KINDS: Record<AttachmentType, { words: string; accept: string }> = {
  file: { words: 'Attach a file', accept: '' },
  image: { words: 'Attach an image', accept: 'image/*' },
  voice: { words: 'Attach a voice message', accept: 'audio/*' }
}

interface AttachButtonsProps {
  types: readonly AttachmentType[]
  onFile: (type: AttachmentType, file: File) => void
}

/** A button for each kind of attachment that the plugin says it takes. */
export function AttachButtons({ types, onFile }: AttachButtonsProps) {
  const choose = (type: AttachmentType) => (event: Event) => {
    const input = event.currentTarget as HTMLInputElement
    for (const file of input.files ?? []) onFile(type, file)
    input.value = ''
  }
  return html`
    <div class="row attach" role="group" aria-label="Attachments">
      ${types
        .filter(type => type in KINDS)
        .map(
          type => html`
            <label key=${type} class="button plain small" title=${KINDS[type].words}>
              <${Icon} name=${type} />
              <span class="hidden">${KINDS[type].words}</span>
              <input class="hidden" type="file" multiple data-kind=${type} accept=${KINDS[type].accept} onChange=${choose(type)} />
            </label>
          `
        )}
    </div>
  `
}
