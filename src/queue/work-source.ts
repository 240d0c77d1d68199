import type { OwnLimits, Want } from './fair-share.ts'

/** Work source: a kind of work, messages or outbox items, as the dispatcher does it. */

/** An open item at the head of its conversation. */
export interface QueueItem {
  registrationId: number
  conversationId: number
  /** The item is of the bulk lane. */
  bulk?: boolean
}

export interface ClaimedRegistration {
  registrationId: number
  /** The group of registrations that share a gateway or a CRM, which may be slow. */
  group: string
  limits?: OwnLimits
}

export interface WorkSource<Taken extends QueueItem, Done> {
  /** Claims registrations, or keeps their claims, but for those that another host has claimed. */
  claim(registrationIds: readonly number[]): Promise<readonly ClaimedRegistration[]>
  /** Settles results and takes items in one transaction. Conversations in hand are not taken again. */
  settleAndClaim(done: readonly Done[], wants: readonly Want[], inHand: readonly number[]): Promise<readonly Taken[]>
  /** Releases the claims of registrations with nothing due, or of all. Returns the released ones. */
  release(registrationIds: readonly number[], all: boolean): Promise<readonly number[]>
  /** Hands registrations off to another host. Returns the ones that stay, that host being gone. */
  handOff(registrationIds: readonly number[], to: string): Promise<readonly number[]>
  /** This host's claims as the database has them: other hosts may have handed some off to it. */
  claimed(): Promise<readonly number[]>
  /** Works on an item. Must not reject. */
  process(item: Taken): Promise<Done>
}

export interface DispatchLimits {
  /** Items in hand at the same time; each group may always have one. */
  total: number
  /** Items of one group in hand at the same time. */
  group: number
}
