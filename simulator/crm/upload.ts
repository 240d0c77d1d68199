import type { Call } from './caller.ts'

export interface Upload {
  name: string
  bytes: Uint8Array<ArrayBuffer>
  type?: string
  /** Named uploader of the plugin, such as `image`; the default one otherwise. */
  uploader?: string | undefined
}

export function uploadCall({ name, bytes, type = 'application/octet-stream', uploader }: Upload): Call {
  const body = new FormData()
  body.append('file', new Blob([bytes], { type }), name)
  return {
    method: 'POST',
    path: uploader ? `protected/upload/${encodeURIComponent(uploader)}` : 'protected/upload',
    body,
    shown: `multipart/form-data, file="${name}" (${type}, ${bytes.byteLength} bytes)`
  }
}
