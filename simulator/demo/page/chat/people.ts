/** Contacts to chat with before anyone wrote, by the kind of contact that the plugin speaks to. */
const PEOPLE = [
  {
    name: 'Alice Martin',
    phone: '+79001234567',
    handle: 'alice.martin',
    phones: { SK: '+421911234567', BR: '+5521998765432' }
  },
  {
    name: 'Bruno Costa',
    phone: '+5511987654321',
    handle: 'bruno.costa',
    phones: { SK: '+421940654321', BR: '+5511987654321' }
  },
  { name: 'Jana Nováková', phone: '+421905123456', handle: 'jana.novakova', phones: { BR: '+5531997654321' } },
  {
    name: 'Олег Петров',
    phone: '+79161112233',
    handle: 'oleg.petrov',
    phones: { SK: '+421951112233', BR: '+5548996543210' }
  }
]

export interface Person {
  name: string
  contact: string
}

/** `country`: where their phones have to be, if the gateway reaches one country only. */
export const people = (contactType: string, country: string | null): Person[] =>
  PEOPLE.map(({ name, phone, handle, phones }) => {
    if (contactType === 'email') return { name, contact: `${handle}@mail.example` }
    if (contactType === 'uri') return { name, contact: `chat://${handle}` }
    return { name, contact: Object.entries(phones).find(([key]) => key === country)?.[1] ?? phone }
  })

export const contactLabels: Readonly<Record<string, string>> = {
  phone: 'Phone number',
  email: 'E-mail',
  uri: 'Address'
}

export const initials = (name: string) => {
  const letters = name.split(/\s+/).map(word => word.match(/\p{L}/u)?.[0] ?? '')
  return letters.slice(0, 2).join('').toUpperCase() || '#'
}
