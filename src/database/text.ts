/** A text as the database takes it: without NUL and half characters. For what others wrote, such as a gateway's error. */
export const plain = (text: string): string => text.replaceAll('\0', '').toWellFormed()
