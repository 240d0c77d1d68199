import type { Received, Simulator } from 'channel-kit/simulator'
import type { Answer } from '../crm/caller.ts'
import { hasPreview } from '../crm/form.ts'
import type { Attachment, GatewayFile, GatewayMessage, GatewayView } from '../crm/model.ts'
import type { Plugin } from '../crm/plugin.ts'

export interface GatewayAt {
  simulator: Simulator
  /** Customers can send files. */
  files: boolean
  /** The only country that it reaches. */
  country?: string
}

export interface Letter {
  contact: string
  text: string
  /** Their addresses are fetched by the gateway. */
  attachments: readonly Attachment[]
}

interface Written extends Letter {
  at: Date
  state: GatewayMessage['state']
  refusal: string | null
}

/** A simulated gateway as the demo plays it: connected as an admin would, with both sides of its chats. */
export function createGateway({ simulator, files, country }: GatewayAt, plugin: Plugin, changed: () => void) {
  const written: Written[] = []
  let connected = false
  let webhook = false
  let seen = 0

  /** Settings by the form, then the webhook's address as the form shows it, where it has one. Rejects with what went wrong. */
  async function connect(): Promise<void> {
    // Tells which fields are passwords, which the record of exchanges leaves out.
    const form = await plugin.form()
    const saved = await plugin.saveSettings(simulator.settings)
    if (saved.status !== 200) throw new Error(`The plugin refused the settings of the gateway: ${reason(saved)}`)
    webhook = hasPreview(form.json, 'webhook')
    if (webhook) await nameWebhook()
    connected = true
    changed()
  }

  async function nameWebhook(): Promise<void> {
    const preview = await plugin.markdownPreview('webhook')
    const [address] = /https?:\/\/[^`\s"]+/.exec(preview.text) ?? []
    if (!address) throw new Error(`The settings form shows no address of a webhook: ${reason(preview)}`)
    await simulator.connect(address)
  }

  /** Returns at once: a gateway may go on trying for as long as the plugin does not take the message. */
  function write({ contact, text, attachments }: Letter): void {
    const message: Written = { contact, text, attachments, at: new Date(), state: 'sending', refusal: null }
    written.push(message)
    changed()
    const settle = (state: Written['state'], refusal: string | null) => {
      Object.assign(message, { state, refusal })
      changed()
    }
    simulator.write?.(contact, { text, attachments }).then(
      () => settle('taken', null),
      (error: Error) => settle('refused', error.message)
    )
  }

  const contactOf = (contact: string) => plugin.conversations.find(contact)?.contact ?? contact

  const messages = (): GatewayMessage[] =>
    [
      ...simulator.received().map((message, index) => shownReceived(message, `received-${index}`, plugin.key)),
      ...written.map((message, index) => shownWritten(message, `written-${index}`, plugin.key))
    ]
      .map(message => ({ ...message, contact: contactOf(message.contact) }))
      .sort((one, other) => one.at.localeCompare(other.at))

  const facts = () => ({
    connected,
    webhook,
    replies: simulator.write !== undefined,
    files: files && simulator.write !== undefined,
    country: country ?? null
  })

  return {
    connect,
    write,
    facts,
    view: (): GatewayView => ({ ...facts(), messages: messages() }),
    /** Where the gateway, or its customer, has a file of a message. */
    file(message: string, index: number): string | undefined {
      const [, kind, number] = /^(received|written)-(\d+)$/.exec(message) ?? []
      if (kind === 'written') return written[Number(number)]?.attachments[index]?.uri
      const file = simulator.received()[Number(number)]?.files[index]
      return file && URL.canParse(file) ? file : undefined
    },
    /** A simulator tells nobody what came, so it has to be asked. */
    look() {
      const { length } = simulator.received()
      if (length !== seen) changed()
      seen = length
    }
  }
}

export type Gateway = ReturnType<typeof createGateway>

const address = (plugin: string, message: string, index: number) =>
  `/api/plugins/${plugin}/gateway/messages/${message}/files/${index}`

function shownReceived({ files, at, ...message }: Received, id: string, plugin: string): GatewayMessage {
  const shown = files.map(
    (file, index): GatewayFile =>
      URL.canParse(file)
        ? { name: nameOf(file) || `File ${index + 1}`, type: null, address: address(plugin, id, index) }
        : { name: file, type: null, address: null }
  )
  return { ...message, id, from: 'business', at: at.toISOString(), files: shown, state: 'taken', refusal: null }
}

/** '' where an address ends in nothing that looks like the name of a file. */
function nameOf(url: string): string {
  const [name = ''] = /[^/]*\.\w+$/.exec(new URL(url).pathname) ?? []
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

function shownWritten({ attachments, at, ...message }: Written, id: string, plugin: string): GatewayMessage {
  const files = attachments.map(({ name, type }, index) => ({ name, type, address: address(plugin, id, index) }))
  return { ...message, id, from: 'customer', at: at.toISOString(), files }
}

const reason = ({ status, text }: Answer) => `it answered ${status} ${text}`.slice(0, 300).trim()
