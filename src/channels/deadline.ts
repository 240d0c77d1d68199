/** Resolves as `answer` does, unless the signal is first: a channel may be slow to hear it, or deaf. */
export function before<Answer>(signal: AbortSignal, answer: Promise<Answer>): Promise<Answer> {
  const late = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error('the channel did not answer in time')), { once: true })
  )
  return Promise.race([answer, late])
}
