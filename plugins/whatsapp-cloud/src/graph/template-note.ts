/** Where a template's shape is kept among the account's notes. Webhooks write `en-US` where the API writes `en_US`. */
export const templateNote = (name: string, language: string) => `template:${name}:${localeOf(language)}`

export const localeOf = (language: string) => language.replace('-', '_')
