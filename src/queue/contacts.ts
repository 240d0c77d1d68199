/**
 * Finding and making the conversation of a contact, in SQL: of a row `g` with
 * its `registration`, `contact`, and `other`, null or a second name of the same
 * contact, such as a number without its plus.
 */

const named = (name: string) => `
  (select c.id from conversations c where c.registration_id = g.registration and c.contact = ${name}),
  (select a.conversation_id from aliases a where a.registration_id = g.registration and a.contact = ${name})`

/** Its id, under whichever of its names; null: it has none. The name that is given comes first. */
export const CONVERSATION = `coalesce(${named('g.contact')}, ${named('g.other')})`

/** The same for both names. Whoever makes conversations does it in the order of these. */
export const KEY = 'least(g.contact, g.other)'

/** Locks of one registration: so many that few wait for each other in vain; the database has room for some thousands. */
const SHARES = 256

/**
 * Keeps two from making the conversation of one contact at the same time, each
 * under another of its names, which no unique index would notice. Of the rows
 * `from`, for the rest of the transaction; look once more after it.
 */
export const LOCK_NEW = (from: string) => `
  pg_advisory_xact_lock(share.registration, share.number) from (
    select distinct hashint8(g.registration) registration, hashtext(${KEY}) & ${SHARES - 1} number
    from ${from} where g.other is not null order by 1, 2
  ) share`
