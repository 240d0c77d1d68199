import { startSimulator as startBpMessage } from 'channel-bpmessage/simulator'
import type { Simulator } from 'channel-kit/simulator'
import { startSimulator as startMobiletech } from 'channel-mobiletech/simulator'
import { startSimulator as startWhatsApp } from 'channel-whatsapp-cloud/simulator'

interface DemoChannel {
  /** As in `LV_PLUGIN_CHANNELS`, and the key of its plugin at the CRM. */
  name: string
  /** The CRM's name for the channel. */
  title: string
  /** Below the host's address; its name by default. */
  path?: string
  /** Starts its gateway. */
  start?: () => Promise<Simulator>
  /** Customers send files at its gateway. */
  files?: boolean
  /** The only country that its gateway reaches. */
  country?: string
}

/** A single message too, so that lots can be seen among the settings. */
const inLots = (simulator: Simulator): Simulator => ({
  ...simulator,
  settings: { ...simulator.settings, lots: { ...simulator.settings.lots, mode: ['lot'] } }
})

async function startEmails(): Promise<Simulator> {
  const fake = await startBpMessage()
  return inLots({ ...fake, settings: fake.emailSettings })
}

/** Channels of the demo, in the order of the page. A channel with a simulator joins by one line. */
export const DEMO_CHANNELS: readonly DemoChannel[] = [
  { name: 'echo', title: 'Echo', path: '/' },
  { name: 'whatsapp-cloud', title: 'WhatsApp', start: startWhatsApp, files: true },
  { name: 'mobiletech', title: 'Mobiletech', start: startMobiletech, country: 'SK' },
  { name: 'bpmessage', title: 'BpMessage', start: async () => inLots(await startBpMessage()), country: 'BR' },
  { name: 'bpmessage-email', title: 'BpMessage e-mail', start: startEmails },
  { name: 'form-gallery', title: 'Form gallery' }
]
