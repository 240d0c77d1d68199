import type { Command } from 'commander'

export function queueCommands(program: Command): void {
  const queue = program.command('queue').description('messages to gateways and news to the CRM')
  queue
    .command('run')
    .description('work on the queue without listening for requests, until SIGINT or SIGTERM')
    .action(async (_options, command) => (await import('./queue-run.ts')).queueRun(command))
}
