import { readdir } from 'node:fs/promises'
import type { Question } from './ask.ts'

/** Uploads to the letter, which `FormData` would tidy. */

const BOUNDARY = 'boundary-of-a-test'

export const MULTIPART = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }

export interface Part {
  /** The name of the field; only `file` counts. */
  name?: string
  /** None: the part is a plain field. */
  filename?: string
  bytes?: string | Buffer
}

/** The headers of a part. */
export const partHead = ({ name = 'file', filename }: Part): string =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}\r\n\r\n`

export const LAST = `\r\n--${BOUNDARY}--\r\n`

/** `cut`: the sender stops in the middle of the last part. */
export function multipart(parts: readonly Part[], { cut = false } = {}): Pick<Question, 'headers' | 'body'> {
  const written = parts.flatMap((part, index) => [index === 0 ? '' : '\r\n', partHead(part), part.bytes ?? 'hello'])
  const body = [...written, ...(cut ? [] : [LAST])].map(piece =>
    typeof piece === 'string' ? Buffer.from(piece) : piece
  )
  return { headers: MULTIPART, body: Buffer.concat(body) }
}

/** Every file below a folder. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.flatMap(entry => (entry.isFile() ? [`${entry.parentPath}/${entry.name}`] : [])).sort()
}
