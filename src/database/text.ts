/** A text as the database takes it: without NUL and half characters. For what others wrote, such as a gateway's error. */
export const plain = (text: string): string => text.replaceAll('\0', '').toWellFormed()

/** What somebody else's code threw, in words: it need not be an error, nor its message a text. */
export function wordsOf(thrown: unknown): string {
  const message = thrown instanceof Error ? (thrown.message as unknown) : thrown
  return plain(typeof message === 'string' ? message : (JSON.stringify(message) ?? 'nothing that can be told'))
}
