import type { Result } from 'page-kit/web/answer.ts'
import type { Form, Options, Values } from 'page-kit/web/form/form.ts'
import type { FormSource } from 'page-kit/web/form/form-source.ts'
import { ask, send } from './api.ts'

/** The settings form of a plugin, asked for as the CRM does. */
export function pluginForm(plugin: string, selfUri: string, language: string): FormSource {
  const at = `plugins/${plugin}`
  const load = async (signal: AbortSignal): Promise<Result<{ form: Form; saved: Values }>> => {
    const [form, saved] = await Promise.all([
      ask<Form>(`${at}/form`, { language, signal }),
      ask<Values>(`${at}/settings`, { language, signal })
    ])
    if (!form.ok) return form
    if (!saved.ok) return saved
    return { ok: true, body: { form: form.body, saved: saved.body } }
  }
  return {
    key: `${plugin} ${language}`,
    selfUri,
    load,
    save: body => ask<Values>(`${at}/settings`, { method: 'PUT', language, body }),
    search: (name, asked, signal) =>
      ask<Options>(`${at}/autocomplete/${encodeURIComponent(name)}?${new URLSearchParams(asked)}`, {
        language,
        signal
      }),
    preview: (kind, name, asked, signal) =>
      ask(`${at}/preview/${kind}/${encodeURIComponent(name)}?${new URLSearchParams(asked)}`, { language, signal }),
    upload: (file, onProgress) => uploadTo(plugin, language, file, onProgress)
  }
}

/** Sends a file to the plugin's uploader. */
export function uploadTo(
  plugin: string,
  language: string,
  file: File,
  onProgress: (share: number) => void,
  uploader?: string
) {
  const search = new URLSearchParams({ name: file.name, type: file.type || 'application/octet-stream' })
  if (uploader) search.set('uploader', uploader)
  return send<{ uri: string }>(`plugins/${plugin}/upload?${search}`, file, language, onProgress)
}
