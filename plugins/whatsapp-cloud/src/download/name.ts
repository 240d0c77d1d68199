import { fileTypeFromBuffer } from 'file-type'
import { extensionOf, plainType, withExtension } from '../incoming/media.ts'

/** Facts about a file that come with its bytes. */
interface Named {
  name: string
  body: AsyncIterable<Uint8Array>
}

/** Types that say nothing. */
const NOTHING = ['', 'application/octet-stream', 'binary/octet-stream']

/** As many bytes as are looked at. */
const HEAD = 4_100

/**
 * The name of a file, with an extension that a phone or a computer opens it by:
 * by the type that the webhook or the API told, else by its bytes, else by what
 * the answer claims.
 */
export async function nameOf(
  given: string,
  mime: string,
  headers: Headers,
  bytes: AsyncIterable<Uint8Array>
): Promise<Named> {
  if (!NOTHING.includes(mime)) return { name: withExtension(given, extensionOf(mime)), body: bytes }
  const { head, body } = await peeked(bytes)
  const told = plainType(headers.get('content-type') ?? '')
  const type = (await fileTypeFromBuffer(head))?.mime ?? (NOTHING.includes(told) ? '' : told)
  const extension = type ? extensionOf(type) : null
  // A name of ours was given the one that says nothing.
  return { name: withExtension(extension ? given.replace(/\.bin$/, '') : given, extension), body }
}

async function peeked(bytes: AsyncIterable<Uint8Array>) {
  const rest = bytes[Symbol.asyncIterator]()
  const chunks: Uint8Array[] = []
  let length = 0
  while (length < HEAD) {
    const { done = false, value } = await rest.next()
    if (done) break
    chunks.push(value)
    length += value.length
  }
  return { head: Buffer.concat(chunks).subarray(0, HEAD), body: joined(chunks, rest) }
}

async function* joined(chunks: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>) {
  try {
    yield* chunks
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
  } finally {
    // A reader that stops early needs no more of the stream.
    await rest.return?.()
  }
}
