import { noAnswer, type Problem, type Result, readAnswer } from 'page-kit/web/answer.ts'

/** Requests to the host's API and to the console's session. Addresses are relative to the page, so that any path in front is kept. */

interface Asked {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  body?: unknown
  signal?: AbortSignal
}

const signedOut = new Set<() => void>()

/** Is called when the session has ended. */
export function onSignedOut(listener: () => void): () => void {
  signedOut.add(listener)
  return () => signedOut.delete(listener)
}

/** `path`: below `/api/v1`, with its query. */
export async function ask<T>(path: string, asked: Asked = {}): Promise<Result<T>> {
  const result = await request<T>(`../api/v1${path}`, asked)
  if (!result.ok && result.problem.status === 401) for (const listener of [...signedOut]) listener()
  return result
}

export const addressOf = (path: string) => `../api/v1${path}`

/** `path`: below `/console/api`. */
export const askSession = <T>(asked: Asked = {}): Promise<Result<T>> => request('api/session', asked)

async function request<T>(address: string, { method = 'GET', body, signal }: Asked): Promise<Result<T>> {
  try {
    const response = await fetch(address, {
      method,
      signal: signal ?? null,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body)
    })
    return readAnswer(response.status, await response.text(), 'The host')
  } catch (error) {
    if (signal?.aborted) throw error
    return noAnswer('The host does not answer.')
  }
}

type Value = string | number | boolean | null | undefined

/** A path with the values that are given as its query. */
export function withQuery(path: string, values: Readonly<Record<string, Value>>): string {
  const given = Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === null || value === '' ? [] : [[name, String(value)]]
  )
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
}

/** Errors by field of a refusal. */
export function fieldErrors({ body }: Problem): Readonly<Record<string, string>> {
  const errors = body && typeof body === 'object' && 'errors' in body ? body.errors : undefined
  return errors && typeof errors === 'object' ? (errors as Record<string, string>) : {}
}
