import { noAnswer, type Result, readAnswer } from 'page-kit/web/answer.ts'

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
    return readAnswer(response.status, await response.text(), 'The plugin')
  } catch (error) {
    if (signal?.aborted) throw error
    return silent()
  }
}

/** XMLHttpRequest, because fetch tells nothing about the progress of an upload. */
export function send<T>(path: string, file: Blob, language: string, onProgress: (share: number) => void) {
  const request = new XMLHttpRequest()
  const done = new Promise<Result<T>>(resolve => {
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0)
    request.onload = () => resolve(readAnswer(request.status, request.responseText, 'The plugin'))
    request.onerror = () => resolve(silent())
    request.onabort = () => resolve(silent())
  })
  request.open('POST', `/api/${path}`)
  request.setRequestHeader('content-type', 'application/octet-stream')
  for (const [name, value] of Object.entries(accepting(language))) request.setRequestHeader(name, value)
  request.send(file)
  return { done, cancel: () => request.abort() }
}

const accepting = (language?: string): Record<string, string> =>
  language ? { 'accept-language': language.replace('_', '-') } : {}

const silent = () => noAnswer('The demo no longer answers.')
