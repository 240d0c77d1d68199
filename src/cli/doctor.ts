import type { Command } from 'commander'
import { answering } from './answer.ts'
import { registrationOption } from './row-options.ts'

export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('look whether registrations can send: their settings, and their gateways by asking them')
    .addOption(registrationOption())
    .action(answering(async options => (await import('./doctor-examine.ts')).examine(options)))
}
