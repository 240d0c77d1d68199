import type { OwnLimits, Want } from './fair-share.ts'

/** A kind of work, as the dispatcher does it. */

/** An open item at the head of its conversation. */
export interface QueueItem {
  registrationId: number
  conversationId: number
}

export interface ClaimedRegistration {
  registrationId: number
  /** Those that share one other side, which may be slow. */
  group: string
  limits?: OwnLimits
}

/** What the dispatcher needs to know of a kind of work. */
export interface WorkSource<Taken extends QueueItem, Done> {
  /** Takes registrations on, or keeps them, but for those that another host has. */
  claim(registrationIds: readonly number[]): Promise<readonly ClaimedRegistration[]>
  /** Settles and takes in one transaction. Conversations in hand are not taken again. */
  settleAndClaim(done: readonly Done[], wants: readonly Want[], inHand: readonly number[]): Promise<readonly Taken[]>
  /** Lets go of those that have nothing due, and of any if `all`. Answers which ones it let go. */
  release(registrationIds: readonly number[], all: boolean): Promise<readonly number[]>
  /** Hands registrations to another host. Answers which ones stay, that host being gone. */
  handOff(registrationIds: readonly number[], to: string): Promise<readonly number[]>
  /** Those that are this host's, as everybody knows: others hand it some. */
  claimed(): Promise<readonly number[]>
  /** Must not reject. */
  process(item: Taken): Promise<Done>
}

export interface DispatchLimits {
  /** Items in hand at the same time; each group may always have one. */
  total: number
  /** Items of one group in hand at the same time. */
  group: number
}
