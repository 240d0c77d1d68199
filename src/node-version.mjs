/** Loaded before everything else, and readable by any Node: an older one would only complain of a file's name. */
const OLDEST = 24

if (Number.parseInt(process.versions.node, 10) < OLDEST) {
  process.stderr.write(
    `Node ${OLDEST} or newer is needed, this is ${process.versions.node}: install it from https://nodejs.org, or run "npm install --no-save node@${OLDEST}" here, which npm's scripts then use.\n`
  )
  process.exit(1)
}
