/**
 * Loaded before everything else, by `-r`, which the oldest Node knows (`--import`
 * came with 18.18): one that is too old would only complain of a file's name.
 */
const OLDEST = 24

if (Number.parseInt(process.versions.node, 10) < OLDEST) {
  process.stderr.write(
    `Node ${OLDEST} or newer is needed, this is ${process.versions.node}: install it from https://nodejs.org, or run npm ci without --omit=dev, which brings it along.\n`
  )
  process.exit(1)
}
