/** A failed check, and what tap says of it in YAML. */
const FAILED = /^( *)not ok .*\n(?:\1 {2}---\n(?:\1 {2}.*\n|\s*\n)*?\1 {2}\.\.\.\n)?/gm
/** The source around a check, which tells nothing that its line does not. */
const SOURCE = /^( *)source: .*\n(?:\1 .*\n|\s*\n)*/gm

/** Failures of a TAP stream: each failed check and test under the name of its file, in the stream's order. */
export function failures(stream: string): string {
  const files = stream.split(/^# Subtest: /m).slice(1)
  return files
    .flatMap(file => {
      const [name] = file.split('\n', 1)
      return [...file.matchAll(FAILED)].map(([told]) => `\n${name}: ${told.trimStart().replace(SOURCE, '')}`)
    })
    .join('')
}
