/** A plugin's answer at `/info`. */
export interface Info {
  name: string
  description: string
  extra: { contactType: string; capabilities: Capabilities }
  languages: { current: string; default: string; available: string[] }
}

export interface Capabilities {
  subject: boolean
  messages: { formats: string[]; incoming: boolean; outgoing: boolean; writeFirst: boolean }
  attachments: string[]
}
