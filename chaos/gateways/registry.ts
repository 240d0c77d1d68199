import { OWN } from '../channel.ts'
import { bpmessage } from './bpmessage.ts'
import type { Behind } from './gateway.ts'
import { mobiletech } from './mobiletech.ts'
import { own } from './own-gateway.ts'
import { whatsAppCloud } from './whatsapp-cloud.ts'

/** Gateways of a run, by the name of the channel. */
export const GATEWAYS: Readonly<Record<string, Behind>> = {
  [OWN]: own,
  'whatsapp-cloud': whatsAppCloud,
  mobiletech,
  bpmessage
}
