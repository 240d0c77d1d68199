import { setTimeout as wait } from 'node:timers/promises'
import { parsed, written } from './documents.ts'
import type { Knobs } from './knobs.ts'

/** The gateway calls the webhook. */

export interface Answer {
  status: number
  type: string | null
  body: string
}

export function webhookCalls(knobs: Knobs, closing: AbortSignal) {
  let address: string | undefined
  const answers: Answer[] = []

  /** Any body, as it is. */
  async function post(body: string | Uint8Array<ArrayBuffer>, contentType = 'text/xml'): Promise<Answer> {
    if (!address) throw new Error('The gateway does not know where to call yet')
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': contentType },
      body,
      signal: closing
    })
    const answer = {
      status: response.status,
      type: response.headers.get('content-type'),
      body: await response.text()
    }
    answers.push(answer)
    return answer
  }

  /** Repeats the document until it is acknowledged. Rejects when that never comes. */
  async function postUntilTaken(body: string, command: string, id: string): Promise<Answer> {
    for (let tries = 1; ; tries += 1) {
      const answer = await post(body).catch((error: Error) => error)
      if (!(answer instanceof Error) && isAcknowledgement(answer, command, id)) return answer
      if (tries >= knobs.repeat.times || closing.aborted)
        throw new Error(`The message ${id} was not acknowledged`, { cause: answer })
      await wait(knobs.repeat.everyMs, undefined, { signal: closing })
    }
  }

  return {
    answers,
    post,
    postUntilTaken,
    report: (id: string, status: string) => post(written('status', { id, status })),
    connected: () => address !== undefined,
    connect: (webhookUrl: string) => {
      address = webhookUrl
    }
  }
}

export type WebhookCalls = ReturnType<typeof webhookCalls>

function isAcknowledgement({ status, body }: Answer, command: string, id: string): boolean {
  const document = parsed(body)
  return status === 200 && document?.command === command && document.fields.id === id
}
