import { type Erased, eraseContact } from '../messages/erase.ts'
import { type CliAnswer, count } from './answer.ts'
import { withDatabase } from './database.ts'

interface Options {
  contact: string
  registration?: number
  dryRun?: boolean
}

export const erase = ({ contact, registration: registrationId, dryRun = false }: Options): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    const erased = await eraseContact(database, contact, { registrationId, onlyCount: dryRun })
    return {
      data: { dryRun, contact, ...erased },
      text: `${dryRun ? 'Would erase' : 'Erased'} ${told(erased)}.
Uploads are not tied to contacts and stay; \`uploads clean\` removes them by age.`
    }
  })

const told = ({ conversations, messages, unsent, items, untold }: Erased) =>
  `${count(conversations, 'conversation')} with ${count(messages, 'message')} (${unsent} not sent yet) and ${count(items, 'item')} for the CRM (${untold} not told yet)`
