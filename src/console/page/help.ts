import type { Problem } from 'page-kit/web/answer.ts'
import { label, type Words } from 'page-kit/web/words.ts'

const ADVICE: Readonly<Record<number, string>> = {
  0: label('See whether the host still runs and the network reaches it.'),
  401: label('Log in again.'),
  403: label('The token of this session may not do this.'),
  404: label('It may have been removed meanwhile.'),
  422: label('Choose a registration or a shorter time.'),
  429: label('Wait a moment.'),
  503: label('The database is not there at the moment. Try again soon.')
}

/** Advice to an operator on a problem of the API. */
export const adviceIn =
  (t: Words) =>
  ({ status }: Problem): string => {
    const advice = ADVICE[status] ?? (status >= 500 ? label('The log of the host tells more.') : undefined)
    return advice === undefined ? '' : t(advice)
  }
