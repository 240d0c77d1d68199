import type { Answer, Call } from './caller.ts'
import { passwordFields } from './form.ts'
import { type Upload, uploadCall } from './upload.ts'

/** Inputs of a list or a preview: a search (or keys to resolve), values of other fields, the field's own context. */
export interface Lookup {
  query?: string | readonly string[]
  dep?: unknown
  context?: unknown
}

export interface Secrets {
  paths: readonly string[]
}

/** The routes that a plugin serves to the holder of a token, in one language. */
export function protectedRoutes(ask: (call: Call) => Promise<Answer>, secrets: Secrets) {
  const get = (path: string) => ask({ method: 'GET', path })

  const lookup = (kind: string, name: string, { query, dep = [], context = [] }: Lookup = {}) => {
    const search = new URLSearchParams()
    if (typeof query === 'string') search.set('query', query)
    else for (const item of query ?? []) search.append('query[]', item)
    search.set('dep', JSON.stringify(dep))
    search.set('context', JSON.stringify(context))
    return get(`protected/${kind}/${encodeURIComponent(name)}?${search}`)
  }

  return {
    async form(context?: unknown) {
      const search = context === undefined ? '' : `?context=${encodeURIComponent(JSON.stringify(context))}`
      const answer = await get(`protected/forms/settings${search}`)
      if (answer.status === 200) secrets.paths = passwordFields(answer.json)
      return answer
    },

    settings: () => get('protected/data/settings'),

    saveSettings: (data: unknown) =>
      ask({
        method: 'PUT',
        path: 'protected/data/settings',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(data),
        secrets: secrets.paths
      }),

    autocomplete: (name: string, by?: Lookup) => lookup('autocomplete', name, by),
    tablePreview: (name: string, by?: Lookup) => lookup('preview/table', name, by),
    markdownPreview: (name: string, by?: Lookup) => lookup('preview/markdown', name, by),

    upload: (upload: Upload) => ask(uploadCall(upload))
  }
}
