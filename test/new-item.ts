import type { NewItem } from '../src/messages/accept-items.ts'
import { text } from './scripted-channel.ts'

/** An item of an API client as it is accepted, to the contact of its id where a test names no other. */
export const newItem = ({ id, ...more }: Pick<NewItem, 'id'> & Partial<NewItem>): NewItem => ({
  id,
  body: text(id, id),
  other: null,
  bulk: true,
  notBefore: null,
  expiresAt: null,
  tag: null,
  purpose: 'service',
  ifNotHeld: false,
  ifNoneAfter: null,
  tellCrm: null,
  ...more
})
