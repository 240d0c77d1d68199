import type { Mounted } from '../channels/load.ts'
import type { Registration, Registrations } from '../registrations/store.ts'
import { mayTouch } from './authorize.ts'
import { Missing, NotMounted } from './errors.ts'
import type { Client } from './tokens.ts'

export interface MountedRegistrations {
  registrations: Pick<Registrations, 'get'>
  mountedBy: (channel: string) => Mounted | undefined
}

/** A registration that the client may touch, with its channel. Throws where there is none, or its channel is not mounted here. */
export async function mountedRegistration(
  { registrations, mountedBy }: MountedRegistrations,
  client: Client,
  id: number
): Promise<{ registration: Registration; mounted: Mounted }> {
  mayTouch(client, id)
  const registration = await registrations.get(id)
  if (!registration) throw new Missing('registration')
  const mounted = mountedBy(registration.channel)
  if (!mounted) throw new NotMounted(registration.channel)
  return { registration, mounted }
}
