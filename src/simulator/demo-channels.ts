import type { Simulator } from 'channel-kit/simulator'
import { startSimulator as startMobiletech } from 'channel-mobiletech/simulator'
import { startSimulator as startWhatsApp } from 'channel-whatsapp-cloud/simulator'

interface DemoChannel {
  /** As in `LV_PLUGIN_CHANNELS`, and the key of its plugin at the CRM. */
  name: string
  /** What the CRM calls it. */
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

/** What the demo mounts, in the order of the page. A channel with a simulator joins by one line. */
export const DEMO_CHANNELS: readonly DemoChannel[] = [
  { name: 'echo', title: 'Echo', path: '/' },
  { name: 'whatsapp-cloud', title: 'WhatsApp', start: startWhatsApp, files: true },
  { name: 'mobiletech', title: 'Mobiletech', start: startMobiletech, country: 'SK' },
  { name: 'form-gallery', title: 'Form gallery' }
]
