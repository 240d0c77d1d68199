import type { Status } from 'channel-kit/chat'

/**
 * Outbox key, by which two items are the same: a message reaches a status once, a replay being a new message to the CRM, and a
 * gateway's message is one, however often it is reported. Ids may hold blanks, so what varies stands before them: with
 * the number of the replay behind it, the item of a message `7` replayed once was that of a message `7 1`.
 */

export const statusKey = (status: Status, crmId: string, replays: number): string =>
  replays > 0 ? `replay ${replays} ${status} ${crmId}` : `status ${status} ${crmId}`

/** The keys of all status items of a message, those of replays in their earlier form included. */
export const statusKeys = (statuses: readonly Status[], crmId: string, replays: number): string[] =>
  Array.from({ length: replays + 1 }, (_, replay) =>
    statuses.flatMap(status => [
      statusKey(status, crmId, replay),
      ...(replay > 0 ? [`status ${status} ${crmId} ${replay}`] : [])
    ])
  ).flat()

const INCOMING = 'incoming '

export const incomingKey = (ref: string): string => `${INCOMING}${ref}`

/** Apart from incoming messages, since a gateway may give any ref. */
export const noteKey = (name: string): string => `note ${name}`

export const refOfIncoming = (key: string): string => key.slice(INCOMING.length)
