import { html } from 'htm/preact'
import type { ComponentChildren } from 'preact'

interface HeadProps {
  title: ComponentChildren
  /** Said below the title, in a sentence. */
  about?: ComponentChildren
  /** Buttons at the end. */
  children?: ComponentChildren
}

export function PageHead({ title, about, children }: HeadProps) {
  return html`
    <div class="page-head">
      <div>
        <h1>${title}</h1>
        ${about && html`<p class="muted">${about}</p>`}
      </div>
      <div class="row">${children}</div>
    </div>
  `
}

/** Names beside their values; those without a value are left out. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ComponentChildren])[] }) {
  const given = facts.filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false)
  return html`<dl class="facts">${given.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`
}
