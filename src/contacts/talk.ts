import type { Executor } from '../postgres/connect.ts'
import type { Conversation } from '../postgres/schema/conversations.ts'
import { lockConversations } from '../queue/locks.ts'
import { conversationsOf, findConversations, keyOf } from './contact-conversations.ts'

/** Conversations of contacts as a CRM or an API client names them. */

interface Named {
  registrationId: number
  contact: string
  /** Another name of the same contact, such as a number without its plus. */
  other: string | null
}

/** The conversation of a contact; undefined where there is none under either name. */
export async function findTalk(tx: Executor, { registrationId, contact, other }: Named): Promise<number | undefined> {
  const names = [contact, ...(other === null ? [] : [other])].map(contact => ({ registrationId, contact }))
  const found = await findConversations(tx, names)
  return names.map(name => found.get(keyOf(name))).find(id => id !== undefined)
}

/** Locks the conversation of a contact, and makes it where there is none. */
export async function lockTalk(tx: Executor, named: Named): Promise<Conversation> {
  const { registrationId, contact } = named
  const id = (await findTalk(tx, named)) ?? [...(await conversationsOf(tx, [{ registrationId, contact }])).values()][0]
  const [conversation] = await lockConversations(tx, id === undefined ? [] : [id])
  if (!conversation) throw new Error('A conversation that was found is not there')
  return conversation
}
