import { type Command, InvalidArgumentError } from 'commander'
import { answering } from './answer.ts'
import type { ChosenChannels } from './catalogue-texts.ts'

export function languageCommands(program: Command): void {
  const lang = program.command('lang').description('translations of what a CRM user reads')
  lang
    .command('add')
    .description('make the catalogues of another language, with everything to be translated')
    .argument('<language>', 'such as de_DE', language)
    .option('--channel <names...>', 'only of these channels, not of the host')
    .action(
      answering(async (language: string, chosen: ChosenChannels) =>
        (await import('./lang-actions.ts')).langAdd(language, chosen)
      )
    )
  lang
    .command('update')
    .description('bring the catalogues in line with the texts of the code, and list what is to be translated')
    .option('--channel <names...>', 'only of these channels, not of the host')
    .option('--check', 'write nothing; fail if a file would change or a translation is missing')
    .action(answering(async options => (await import('./lang-actions.ts')).langUpdate(options)))
}

function language(code: string): string {
  if (!/^[a-z]{2}_[A-Z]{2}$/.test(code)) throw new InvalidArgumentError('It is written xx_YY, such as de_DE.')
  return code
}
