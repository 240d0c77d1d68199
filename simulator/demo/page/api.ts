/** A refusal of the host or the CRM, in words for people. Status 0: nobody answered at all. */
export interface Problem {
  status: number
  message: string
  body: unknown
}

export type Result<T> = { ok: true; body: T } | { ok: false; problem: Problem }

interface Options {
  method?: 'GET' | 'POST' | 'PUT'
  body?: unknown
  language?: string
  signal?: AbortSignal
}

export async function ask<T>(
  path: string,
  { method = 'GET', body, language, signal }: Options = {}
): Promise<Result<T>> {
  try {
    const response = await fetch(`/api/${path}`, {
      method,
      signal: signal ?? null,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...accepting(language)
      },
      body: body === undefined ? null : JSON.stringify(body)
    })
    return result(response.status, await response.text())
  } catch (error) {
    if (signal?.aborted) throw error
    return noAnswer
  }
}

/** XMLHttpRequest, because fetch tells nothing about the progress of an upload. */
export function send<T>(path: string, file: Blob, language: string, onProgress: (share: number) => void) {
  const request = new XMLHttpRequest()
  const done = new Promise<Result<T>>(resolve => {
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0)
    request.onload = () => resolve(result(request.status, request.responseText))
    request.onerror = () => resolve(noAnswer)
    request.onabort = () => resolve(noAnswer)
  })
  request.open('POST', `/api/${path}`)
  request.setRequestHeader('content-type', 'application/octet-stream')
  for (const [name, value] of Object.entries(accepting(language))) request.setRequestHeader(name, value)
  request.send(file)
  return { done, cancel: () => request.abort() }
}

const accepting = (language?: string): Record<string, string> =>
  language ? { 'accept-language': language.replace('_', '-') } : {}

const noAnswer = {
  ok: false,
  problem: { status: 0, message: 'The demo no longer answers.', body: null }
} as const

function result<T>(status: number, text: string): Result<T> {
  const body = parse(text)
  if (status >= 200 && status < 300) return { ok: true, body: body as T }
  const said = body && typeof body === 'object' && 'message' in body ? String(body.message) : ''
  return { ok: false, problem: { status, message: said || `The plugin answered ${status}.`, body } }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
