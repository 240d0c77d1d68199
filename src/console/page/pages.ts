import { label } from 'page-kit/web/words.ts'
import type { ComponentType } from 'preact'
import { AuditPage } from './audit.ts'
import { EventsPage } from './events.ts'
import { FailuresPage } from './failures.ts'
import { LotsPage } from './lots.ts'
import { MessagesPage } from './messages/messages-page.ts'
import { OutboxPage } from './outbox.ts'
import { OverviewPage } from './overview/overview.ts'
import type { PageProps } from './page-props.ts'
import { RegistrationsPage } from './registrations/registrations.ts'
import { TokensPage } from './tokens.ts'
import { WebhooksPage } from './webhooks.ts'

export interface Page {
  name: string
  title: string
  /** The right that a session needs to see it. */
  scope: string
  View: ComponentType<PageProps>
}

/** In the order of the navigation. */
export const PAGES: readonly Page[] = [
  { name: 'overview', title: label('Overview'), scope: 'read', View: OverviewPage },
  { name: 'messages', title: label('Messages'), scope: 'read', View: MessagesPage },
  { name: 'failures', title: label('Failures'), scope: 'read', View: FailuresPage },
  { name: 'outbox', title: label('Outbox'), scope: 'read', View: OutboxPage },
  { name: 'lots', title: label('Lots'), scope: 'read', View: LotsPage },
  { name: 'webhooks', title: label('Webhooks received'), scope: 'read', View: WebhooksPage },
  { name: 'registrations', title: label('Registrations'), scope: 'read', View: RegistrationsPage },
  { name: 'events', title: label('Events'), scope: 'events', View: EventsPage },
  { name: 'tokens', title: label('Tokens'), scope: 'operate', View: TokensPage },
  { name: 'audit', title: label('Audit'), scope: 'operate', View: AuditPage }
]
