import type { AnswerEvent, MessageEvent } from 'channel-kit/event'
import { readTemplates } from 'channel-kit/template-list'
import { renderByCode } from 'channel-kit/templates'
import { typed } from 'channel-kit/typed'
import { localTime, ZONE } from './received-date.ts'
import type { MobiletechSettings, MobiletechTools } from './settings.ts'

/** The answer to a message that is exactly a keyword, in any case; once for a message, since it is named after it. */
export async function automaticAnswer(
  { ref, contact, at }: MessageEvent,
  text: string,
  { settings, log, now }: MobiletechTools
): Promise<AnswerEvent[]> {
  const code = settings.autoReply.template?.trim()
  if (!code || !keywords(settings).includes(folded(text))) return []

  const { templates } = await readTemplates(settings.templates.templates ?? '')
  const parameters = { message: text, contact, received_at: localTime(at ?? now()) }
  const rendered = await renderByCode(templates, code, parameters, 'none', ZONE)
  if (rendered.kind !== 'rendered' || !rendered.text.trim()) {
    log.warn({ ref, code, kind: rendered.kind }, 'The automatic answer could not be made of its template')
    return []
  }
  return [
    {
      kind: 'answer',
      ref: `answer-${ref}`,
      answers: ref,
      contact,
      content: { text: rendered.text.trim(), format: 'text' }
    }
  ]
}

export const keywords = ({ autoReply }: Pick<MobiletechSettings, 'autoReply'>): string[] =>
  (autoReply.keyword ?? '')
    .split(/[\n,]/)
    .map(folded)
    .filter(keyword => keyword !== '')

const folded = (text: string) => typed(text).toLowerCase()
