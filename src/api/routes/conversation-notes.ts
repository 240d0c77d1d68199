import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { addNote } from '../../outbox/notes.ts'
import type { Database } from '../../postgres/connect.ts'
import { LIMITS } from '../../protocol/limits.ts'
import type { Registrations } from '../../registrations/store.ts'
import { mayTouch } from '../authorize.ts'
import { Missing } from '../errors.ts'
import { Id } from '../lists.ts'
import { Text } from '../validate.ts'

/** Room for the client's name beside the text. */
const MAX_NOTE = LIMITS.text - 1_000

const Note = Type.Object(
  {
    contact: Type.String({ description: 'As the CRM names it' }),
    text: Type.String({ description: 'As the CRM gets it' })
  },
  { title: 'ConversationNote' }
)

interface Deps {
  database: Pick<Database, 'db'>
  registrations: Pick<Registrations, 'get'>
  /** Is told of items for the CRM. */
  told: (count: number) => void
}

/** `POST /registrations/{id}/conversations/{contact}/notes`. */
export const noteApi =
  ({ database, registrations, told }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    app.post(
      '/registrations/:id/conversations/:contact/notes',
      {
        config: { scope: 'send' },
        schema: {
          summary: 'Put a line into the chat of the CRM, which the customer does not see',
          description: 'The CRM gets it as an incoming line that begins with the name of the client in brackets.',
          params: Type.Object({ id: Id, contact: Text(LIMITS.contact) }, { additionalProperties: false }),
          body: Type.Object({ text: Text(MAX_NOTE) }, { additionalProperties: false }),
          response: { 200: Note }
        }
      },
      async ({ params: { id, contact }, body: { text }, client }) => {
        mayTouch(client, id)
        if (!(await registrations.get(id))) throw new Missing('registration')
        const note = await addNote(database, { registrationId: id, contact }, { client: client.name, text })
        if (!note) throw new Missing('conversation')
        told(1)
        return note
      }
    )
  }
