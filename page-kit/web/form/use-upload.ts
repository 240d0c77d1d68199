import { useEffect, useRef, useState } from 'preact/hooks'
import type { Problem, Result } from '../answer.ts'

export interface UploadState {
  name: string
  share: number
  problem: Problem | undefined
}

/** Sends a file to a host's uploader. */
type Upload = (
  file: File,
  onProgress: (share: number) => void,
  uploader?: string
) => { done: Promise<Result<{ uri: string }>>; cancel: () => void }

/** A file on its way through the uploader. */
export function useUpload(upload: Upload, onDone: (uri: string, file: File) => void) {
  const [state, setState] = useState<UploadState>()
  const cancelCurrent = useRef<() => void>(() => {})
  useEffect(() => () => cancelCurrent.current(), [])

  const start = async (file: File, uploader?: string) => {
    setState({ name: file.name, share: 0, problem: undefined })
    const { done, cancel } = upload(file, share => setState({ name: file.name, share, problem: undefined }), uploader)
    cancelCurrent.current = cancel
    const result = await done
    setState(result.ok ? undefined : { name: file.name, share: 0, problem: result.problem })
    if (result.ok) onDone(result.body.uri, file)
  }

  return { state, start, dismiss: () => setState(undefined) }
}

/** The files that the uploader takes, where its refusal names them: `jpg up to 1000 bytes`. */
export function permitted({ body }: Problem): string {
  const permissions = body && typeof body === 'object' && 'permissions' in body ? body.permissions : undefined
  if (!permissions || typeof permissions !== 'object') return ''
  const rules = Object.entries(permissions).map(
    ([type, size]) => `${type === '*' ? 'any type' : type} up to ${bytes(Number(size))}`
  )
  return rules.length > 0 ? `Taken: ${rules.join(', ')}.` : ''
}

function bytes(size: number): string {
  if (size >= 1024 * 1024) return `${Math.round(size / 1024 / 1024)} MB`
  return size >= 10_240 ? `${Math.round(size / 1024)} KB` : `${size} bytes`
}
