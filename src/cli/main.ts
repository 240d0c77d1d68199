import '../home-folder.ts'

import { existsSync } from 'node:fs'
import { loadEnvFile } from 'node:process'
import { errorText } from './answer.ts'
import { commandLine } from './program.ts'

/** The process of one command. An error is a sentence on stderr, never a stack. */

if (existsSync('.env')) loadEnvFile('.env')

// A reader that closes the pipe early, such as `head`, is no fault.
process.stdout.on('error', () => process.exit())

try {
  await commandLine().parseAsync()
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`)
  process.exitCode = 1
}
