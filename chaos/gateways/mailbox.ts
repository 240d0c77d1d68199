import { startServer } from '../server.ts'
import type { Letter } from './gateway.ts'

/** Where fakes post their webhooks, for the run to post them as badly as it likes. */

/** Headers that a webhook needs. */
const KEPT = ['content-type', 'x-hub-signature-256']

export async function startMailbox() {
  const arrived = new Map<string, (letter: Letter) => void>()
  const turns = new Map<string, Promise<unknown>>()

  const server = await startServer(async ({ method, path, body, request, response }) => {
    const { pathname, searchParams } = new URL(path, 'http://mailbox')
    if (method === 'GET') return void response.end(searchParams.get('hub.challenge') ?? '')
    const headers = Object.fromEntries(
      KEPT.flatMap(name => (name in request.headers ? [[name, String(request.headers[name])]] : []))
    )
    arrived.get(pathname)?.({ headers, body })
    response.end()
  })

  return {
    addressOf: (key: string) => `${server.url}${key}`,
    /** The webhook that the simulator of this key posts on demand. */
    async letter(key: string, post: () => Promise<unknown>): Promise<Letter> {
      const turn = (turns.get(key) ?? Promise.resolve()).then(async () => {
        const letter = new Promise<Letter>(resolve => arrived.set(`/${key}`, resolve))
        await post()
        return letter
      })
      turns.set(key, turn)
      return turn
    },
    close: server.close
  }
}
