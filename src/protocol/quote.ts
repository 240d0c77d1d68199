/** Most characters of somebody else's text in an answer or a line of the log. */
const MOST = 200

/** At most 200 characters of a text, the last of them an ellipsis where there was more. */
export const quoted = (text: string): string =>
  text.length <= MOST
    ? text
    : `${text
        .slice(0, MOST - 1)
        .toWellFormed()
        .replace(/\ufffd$/, '')}…`
