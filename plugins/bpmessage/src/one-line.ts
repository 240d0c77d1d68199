/** A text for where only one line belongs, such as a subject: without what would begin another one, or move a cursor. */
export const oneLine = (text: string): string => text.replace(/[\p{Cc}\s]+/gu, ' ').trim()
