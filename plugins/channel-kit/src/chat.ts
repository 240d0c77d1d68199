/** The chat model of the CRM, as channels see it. Source: docs/protocol.md, "Chat". */

/** How a text is marked up. The CRM may send any word here; the host reads an unknown one as `text`. */
export type Format = 'text' | 'markdown' | 'html'

/** How far a message got. Order matters: a status never goes back. */
export type Status = 'sent' | 'delivered' | 'read' | 'error'

export type AttachmentType = 'file' | 'image' | 'voice'

export interface Attachment {
  name: string
  /** A public URL; may be empty, since the CRM does not check it. */
  uri: string
  type: AttachmentType
}

export interface Content {
  /** Trimmed and never empty. */
  text: string
  format: Format
}

/** A template of the gateway's or of the settings, with what goes into its places. No value of a parameter can be read as anything else. */
export interface TemplateUse {
  name: string
  language?: string
  /** In the order of the places, or by their names. */
  parameters?: readonly string[] | Readonly<Record<string, string>>
}

/** A message of a conversation, in either direction. */
export interface ChatMessage {
  contact: string
  subject: string | null
  /** Null only when there are attachments or a template. */
  content: Content | null
  attachments: readonly Attachment[]
  /** Only of a message to a channel that has `templates`. An agent's `/template` line means the same. */
  template?: TemplateUse
}

export const FORMATS = ['text', 'markdown', 'html'] as const satisfies readonly Format[]
export const ATTACHMENT_TYPES = ['file', 'image', 'voice'] as const satisfies readonly AttachmentType[]
export const STATUSES = ['sent', 'delivered', 'read', 'error'] as const satisfies readonly Status[]
