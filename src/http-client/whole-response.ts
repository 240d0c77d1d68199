import type { IncomingHttpHeaders } from 'node:http'
import { Headers, Response as LibraryResponse } from 'undici'

const utf8 = new TextDecoder()

/**
 * An answer that has come whole, which channels read as any other `Response`.
 * The library's own is made when more is asked of it than its status, headers
 * and body: it costs five times as much, most of it for a stream that nobody
 * reads as such.
 */
export class WholeResponse implements Response {
  readonly status: number
  readonly statusText = ''
  readonly type = 'default'
  readonly url = ''
  readonly redirected = false
  readonly #bytes: Uint8Array<ArrayBuffer>
  readonly #raw: IncomingHttpHeaders
  #headers: Headers | undefined
  #library: LibraryResponse | undefined
  #read = false

  constructor(bytes: Uint8Array<ArrayBuffer>, status: number, headers: IncomingHttpHeaders) {
    this.#bytes = bytes
    this.status = status
    this.#raw = headers
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  get headers(): Headers {
    this.#headers ??= new Headers(pairs(this.#raw))
    return this.#headers
  }

  get bodyUsed(): boolean {
    return this.#library?.bodyUsed ?? this.#read
  }

  get body(): Response['body'] {
    return this.#read || this.#bytes.length === 0 ? null : (this.#whole().body as Response['body'])
  }

  async text(): Promise<string> {
    return this.#library ? this.#library.text() : utf8.decode(this.#take())
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const { buffer, byteOffset, byteLength } = await this.bytes()
    return buffer.slice(byteOffset, byteOffset + byteLength)
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#library ? new Uint8Array(await this.#library.arrayBuffer()) : this.#take()
  }

  async blob(): Promise<Blob> {
    return new Blob([await this.bytes()], { type: this.headers.get('content-type') ?? '' })
  }

  async formData(): Promise<FormData> {
    return this.#whole().formData() as unknown as Promise<FormData>
  }

  clone(): Response {
    if (this.bodyUsed) throw used()
    return new WholeResponse(this.#bytes, this.status, this.#raw)
  }

  #take(): Uint8Array<ArrayBuffer> {
    if (this.#read) throw used()
    this.#read = true
    return this.#bytes
  }

  #whole(): LibraryResponse {
    if (this.#read) throw used()
    this.#library ??= new LibraryResponse(this.#bytes, { status: this.status, headers: this.headers })
    return this.#library
  }
}

const used = () => new TypeError('The body of this answer has been read already')

export const pairs = (headers: IncomingHttpHeaders): [string, string][] =>
  Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one): [string, string] => [name, one])
  )
