import { html } from 'htm/preact'

const PATHS = {
  clock: 'M8 4.5V8l2.3 1.6M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z',
  check: 'm3 8.5 3 3 7-7',
  double: 'm1 8.5 3 3 6.5-7M8 11.2l.4.3 6.6-7',
  alert: 'M8 4.8v3.7m0 2.5v.1M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z',
  file: 'M9 1.8H4.5A1.3 1.3 0 0 0 3.2 3v10a1.3 1.3 0 0 0 1.3 1.2h7A1.3 1.3 0 0 0 12.8 13V5.5L9 1.8Zm0 0v3.7h3.8',
  image: 'M2.5 3.5h11v9h-11zM2.5 11l3-3.2 2.3 2.2 2.7-3.2 3 3.4M5.7 6.2v.1',
  voice: 'M8 2a2 2 0 0 1 2 2v3.5a2 2 0 0 1-4 0V4a2 2 0 0 1 2-2Zm-4.5 5.5a4.5 4.5 0 0 0 9 0M8 12v2.2',
  send: 'M2.5 8 13.5 2.7 10.4 13.5 7.6 9Zm5.1 1L13.5 2.7',
  close: 'm3.8 3.8 8.4 8.4m0-8.4-8.4 8.4',
  plus: 'M8 3v10M3 8h10',
  arrows: 'M5 2.5v11M5 2.5 2.5 5M5 2.5 7.5 5M11 13.5v-11m0 11L8.5 11m2.5 2.5 2.5-2.5',
  left: 'M9.8 3.2 5 8l4.8 4.8',
  right: 'M6.2 3.2 11 8l-4.8 4.8',
  again: 'M13.3 6.5A5.5 5.5 0 1 0 13.4 9.6M13.6 2.8v3.8H9.8',
  link: 'M9.5 2.8h3.7v3.7M13 3 7.5 8.5M6.5 4H3.3v8.7H12V9.5'
}

export type IconName = keyof typeof PATHS

/** Decoration only: the words stand beside it or in the label of the control. */
export function Icon({ name }: { name: IconName }) {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`
}
