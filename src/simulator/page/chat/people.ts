/** Who is there to chat with before anyone wrote, by the kind of contact that the plugin speaks to. */
const PEOPLE = [
  { name: 'Alice Martin', phone: '+79001234567', handle: 'alice.martin' },
  { name: 'Bruno Costa', phone: '+5511987654321', handle: 'bruno.costa' },
  { name: 'Jana Nováková', phone: '+421905123456', handle: 'jana.novakova' },
  { name: 'Олег Петров', phone: '+79161112233', handle: 'oleg.petrov' }
]

export const people = (contactType: string) =>
  PEOPLE.map(({ name, phone, handle }) => {
    if (contactType === 'email') return { name, contact: `${handle}@mail.example` }
    return { name, contact: contactType === 'uri' ? `chat://${handle}` : phone }
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
