import type { FastifyBaseLogger } from 'fastify'
import { type FeedPage, readFeed } from '../events/feed.ts'
import type { Database } from '../postgres/connect.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { type AttemptDeps, createAttempt } from './attempt.ts'
import { isUnchanged, type PushWebhook, saveClaimed } from './claim.ts'
import { saveOutcome } from './outcome.ts'
import { type Delivery, deliverPage, MAX_AT_ONCE } from './page-delivery.ts'

/**
 * A run of a webhook: pushes events, page by page, until there are none left, one fails, or the host leaves it. The cursor
 * is written down after each page, and now and then within a slow one: where a host dies, events of that time come twice.
 */

const PAGE = 100
/** Time between two saves within a page. */
const SAVE_EVERY_MS = 2_000

export type RunEnd =
  /** Nothing that it wants is left up to this position. */
  | { kind: 'idle'; webhook: PushWebhook; to: number }
  /** An attempt failed, or the host leaves it: there is more. */
  | { kind: 'paused'; webhook: PushWebhook }
  /** Disabled, claimed by another host, or changed by a client. */
  | { kind: 'over' }

export interface RunDeps extends AttemptDeps {
  database: Pick<Database, 'db' | 'pool'>
  secrets: Pick<Secrets, 'open'>
  random: () => number
  log: Pick<FastifyBaseLogger, 'warn'>
}

interface How {
  /** True: nothing more is begun. */
  isOver: () => boolean
  /** Ends what was begun. */
  interrupted: AbortSignal
}

export function createRun(deps: RunDeps) {
  const { database, secrets, now } = deps
  const attempt = createAttempt(deps)

  return async (given: PushWebhook, how: How): Promise<RunEnd> => {
    const opened = await openedSecrets(given)
    let webhook = given
    for (let after = given.position; !how.isOver(); ) {
      const page = await readFeed(database, { after, ...filterOf(webhook) }, PAGE)
      const saved = page.events.length > 0 ? await deliverAndSave(webhook, page, opened, how) : webhook
      if (!saved) return { kind: 'over' }
      webhook = saved
      if (isBroken(page, webhook)) break
      after = page.next
      if (isLast(page)) return { kind: 'idle', webhook, to: after }
    }
    return { kind: 'paused', webhook }
  }

  async function deliverAndSave(...given: Parameters<typeof deliver>): Promise<PushWebhook | undefined> {
    // Looked at when the page was read, so that what is written after a change, such as a new secret, is pushed by that.
    if (!(await isUnchanged(database, given[0]))) return undefined
    const saved = await saveOutcome(deps, given[0], await deliver(...given))
    return saved?.disabledAt ? undefined : saved
  }

  async function deliver(
    webhook: PushWebhook,
    page: FeedPage,
    opened: readonly string[],
    { isOver, interrupted }: How
  ): Promise<Delivery> {
    const receiver = { id: webhook.id, url: webhook.url, secrets: opened }
    let saving: Promise<unknown> | undefined
    let savedAt = performance.now()
    const delivery = await deliverPage(page, webhook, {
      // A receiver that fails is tried by one request, so that it is not hit by all when it comes up again.
      atOnce: webhook.failures > 0 ? 1 : MAX_AT_ONCE,
      push: event => attempt(receiver, event, interrupted),
      isOver,
      progressed({ cursor }) {
        if (saving || performance.now() - savedAt < SAVE_EVERY_MS) return
        savedAt = performance.now()
        saving = saveClaimed(database.db, webhook, cursor())
          // The save at the end of the page tells of a database that is away.
          .catch(() => {})
          .finally(() => {
            saving = undefined
          })
      }
    })
    await saving
    return delivery
  }

  /** The newest first; the one before it signs until its time is up. */
  async function openedSecrets({ secret, oldSecret, oldSecretUntil }: PushWebhook): Promise<string[]> {
    const sealed = [secret, ...(oldSecret && oldSecretUntil && oldSecretUntil > now() ? [oldSecret] : [])]
    return Promise.all(sealed.map(one => secrets.open(one)))
  }
}

const filterOf = ({ registrationId, types }: PushWebhook) => ({
  registrationId: registrationId ?? undefined,
  types: types ?? undefined
})

/** By a failure, or since the run is over: some of its events are not delivered. */
const isBroken = ({ events, next }: FeedPage, { position }: PushWebhook) => events.length > 0 && position < next

const isLast = ({ events, more }: FeedPage) => !more && events.length < PAGE
