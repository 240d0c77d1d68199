/**
 * Error of an autocomplete that cannot say which choices there are, since its
 * gateway is away or refuses; the message, if any, tells an admin why. An empty
 * answer says that there is nothing to choose, and chosen keys would be refused.
 */
export class Unanswered extends Error {}
