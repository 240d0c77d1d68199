/**
 * What an autocomplete throws when it cannot say which choices there are, since
 * its gateway is away or refuses; the message, if any, tells an admin why. To
 * answer nothing says that there is nothing to choose, and what is chosen would
 * be refused.
 */
export class Unanswered extends Error {}
