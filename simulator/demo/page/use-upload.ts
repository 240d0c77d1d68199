import { useEffect, useRef, useState } from 'preact/hooks'
import { type Problem, send } from './api.ts'
import { useShell } from './shell.ts'

export interface UploadState {
  name: string
  share: number
  problem: Problem | undefined
}

/** A file on its way through the plugin's uploader. */
export function useUpload(onDone: (uri: string, file: File) => void) {
  const { plugin, language } = useShell()
  const [state, setState] = useState<UploadState>()
  const cancelCurrent = useRef<() => void>(() => {})
  useEffect(() => () => cancelCurrent.current(), [])

  const start = async (file: File, uploader?: string) => {
    setState({ name: file.name, share: 0, problem: undefined })
    const { done, cancel } = uploadTo(plugin, language, file, uploader, share =>
      setState({ name: file.name, share, problem: undefined })
    )
    cancelCurrent.current = cancel
    const result = await done
    setState(result.ok ? undefined : { name: file.name, share: 0, problem: result.problem })
    if (result.ok) onDone(result.body.uri, file)
  }

  return { state, start, dismiss: () => setState(undefined) }
}

export function uploadTo(
  plugin: string,
  language: string,
  file: File,
  uploader: string | undefined,
  onProgress: (share: number) => void
) {
  const search = new URLSearchParams({ name: file.name, type: file.type || 'application/octet-stream' })
  if (uploader) search.set('uploader', uploader)
  return send<{ uri: string }>(`plugins/${plugin}/upload?${search}`, file, language, onProgress)
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
