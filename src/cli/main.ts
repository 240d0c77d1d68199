import '../home-folder.ts'

import { existsSync } from 'node:fs'
import { loadEnvFile } from 'node:process'
import { sentence } from './error-text.ts'
import { commandLine } from './program.ts'

/** The process of one command. What went wrong is said in a sentence, never by a stack. */

if (existsSync('.env')) loadEnvFile('.env')

// A reader that has seen enough, such as `head`, is no fault.
process.stdout.on('error', () => process.exit())

try {
  await commandLine().parseAsync()
} catch (error) {
  process.stderr.write(`${sentence(error)}\n`)
  process.exitCode = 1
}
