/** One address as a mail server takes it, without a name before it. Lenient where the standards are: the gateway has the last word. */
export const isAddress = (text: string): boolean =>
  text.length <= 254 &&
  /^[^\p{Cc}\s@<>,;:"()[\]\\]{1,64}@[^\p{Cc}\s@<>,;:"()[\]\\.]+(\.[^\p{Cc}\s@<>,;:"()[\]\\.]+)+$/u.test(text)
