import { html } from 'htm/preact'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useWords } from 'page-kit/web/words.ts'
import type { ComponentChildren } from 'preact'
import type { ListState } from './use-list.ts'

export interface Column<Item> {
  title: string
  cell: (item: Item) => ComponentChildren
  /** Figures stand on the right. */
  isNumber?: boolean
}

interface TableProps<Item> {
  /** Name of the table for those who do not see it. */
  caption: string
  columns: readonly Column<Item>[]
  items: readonly Item[]
  keyOf: (item: Item) => string | number
}

/** Rows below their titles; on a narrow screen each row is a card, and each cell has its title. */
export function Table<Item>({ caption, columns, items, keyOf }: TableProps<Item>) {
  return html`
    <div class="table-frame">
      <table class="rows">
        <caption class="hidden">${caption}</caption>
        <thead><tr>${columns.map(({ title, isNumber }) => html`<th scope="col" class=${isNumber ? 'number' : undefined}>${title}</th>`)}</tr></thead>
        <tbody>
          ${items.map(
            item => html`
              <tr key=${keyOf(item)}>
                ${columns.map(
                  ({ title, cell, isNumber }) =>
                    html`<td data-title=${title} class=${isNumber ? 'number' : undefined}><div class="cell">${cell(item)}</div></td>`
                )}
              </tr>
            `
          )}
        </tbody>
      </table>
    </div>
  `
}

interface ListProps<Item> extends Omit<TableProps<Item>, 'items'> {
  list: ListState<Item>
  /** Said where there is nothing, with what to do about it. */
  empty: ComponentChildren
}

/** A list with its states: asked for, refused, empty, and more to come. */
export function ListTable<Item>({ list, empty, caption, ...table }: ListProps<Item>) {
  const t = useWords()
  const { items, problem, loading, hasMore, more, reload } = list
  return html`
    <section aria-label=${caption} aria-busy=${loading}>
      ${problem && html`<${Trouble} what=${t('The list could not be read.')} problem=${problem} onRetry=${reload} />`}
      ${!problem && items === undefined && html`<p class="starting" role="status">${t('Loading…')}</p>`}
      ${items?.length === 0 && !problem && html`<div class="empty">${empty}</div>`}
      ${items && items.length > 0 && html`<${Table} ...${table} caption=${caption} items=${items} />`}
      ${
        hasMore &&
        html`<p class="row more">
          <button type="button" class="button" disabled=${loading} onClick=${more}>${loading ? t('Loading…') : t('Show more')}</button>
        </p>`
      }
    </section>
  `
}
