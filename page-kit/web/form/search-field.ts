import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import { Icon } from '../icons.ts'
import { useWords, type Words } from '../words.ts'
import type { FieldProps } from './field-props.ts'
import type { Options } from './form.ts'
import { type Choice, choicesOf, grouped, limitText } from './options.ts'
import { SearchResults } from './search-results.ts'
import { useSearch } from './use-search.ts'

/** Choices that only the plugin knows: type to search, Enter to choose, Backspace to take the last one back. */
export function SearchField({ field, value, dep, control, onChange }: FieldProps) {
  const t = useWords()
  const { query, setQuery, open, setOpen, found, names, keys, settled } = useSearch(field, value, dep)
  const [active, setActive] = useState(0)
  const [eager, setEager] = useState(false)
  const single = field.limit?.max === 1
  // In the order in which the groups are shown, so that the arrows move as the eye does.
  const choices = grouped(choicesOf(found.value ?? {}).filter(([key]) => !keys.includes(key))).flatMap(([, own]) => own)
  const list = `${control.id}-list`

  const choose = ([key]: Choice) => {
    onChange(single ? [key] : [...keys, key])
    setQuery('')
    setActive(0)
    if (single) setOpen(false)
  }
  // Enter may come before the plugin has answered for what is typed.
  useEffect(() => {
    if (!eager || !settled) return
    setEager(false)
    const current = choices[active]
    if (open && current) choose(current)
  }, [eager, settled])
  const drop = (key: string) => onChange(keys.filter(other => other !== key))

  const move = (step: number) => {
    setOpen(true)
    if (open && choices.length > 0) setActive((active + step + choices.length) % choices.length)
    return true
  }
  const take = () => {
    if (open) setEager(true)
    return open
  }
  const leave = () => {
    setOpen(false)
    return open
  }
  const takeBack = () => {
    const last = query === '' ? keys.at(-1) : undefined
    if (last !== undefined) drop(last)
    return last !== undefined
  }
  const keyboard: Readonly<Record<string, () => boolean>> = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: take,
    Escape: leave,
    Backspace: takeBack
  }
  const press = (event: KeyboardEvent) => {
    if (!keyboard[event.key]?.()) return
    event.preventDefault()
    event.stopPropagation()
  }

  const hint = limitText(t, field.limit)
  return html`
    <div class="search">
      ${hint && html`<p class="hint">${hint}, ${t('{count} chosen', { count: keys.length })}</p>`}
      <ul class="chips" aria-label=${t('Chosen for {field}', { field: field.title })}>
        ${keys.map(key => html`<${Chip} key=${key} name=${nameOf(t, key, names.value, names.loading)} onDrop=${() => drop(key)} />`)}
      </ul>
      <input
        ...${control}
        class="control"
        type="text"
        role="combobox"
        autocomplete="off"
        placeholder=${t('Type to search')}
        aria-expanded=${open}
        aria-controls=${list}
        aria-autocomplete="list"
        aria-activedescendant=${open && choices[active] ? `${list}-${active}` : undefined}
        value=${query}
        onFocus=${() => setOpen(true)}
        onClick=${() => setOpen(true)}
        onBlur=${() => setOpen(false)}
        onInput=${(event: Event) => {
          setQuery((event.currentTarget as HTMLInputElement).value)
          setActive(0)
          setEager(false)
          setOpen(true)
        }}
        onKeyDown=${press}
      />
      ${open && html`<${SearchResults} id=${list} title=${field.title} choices=${choices} active=${active} found=${found} settled=${settled} query=${query} onChoose=${choose} />`}
    </div>
  `
}

function Chip({ name, onDrop }: { name: string; onDrop: () => void }) {
  const t = useWords()
  return html`
    <li class="chip">
      <span>${name}</span>
      <button type="button" class="chip-drop" aria-label=${t('Remove {name}', { name })} onClick=${onDrop}><${Icon} name="close" /></button>
    </li>
  `
}

/** A key that the plugin no longer knows is shown as it is stored. */
function nameOf(t: Words, key: string, names: Options | undefined, loading: boolean): string {
  const known = choicesOf(names ?? {}).find(([name]) => name === key)
  if (known) return String(known[1].title)
  return loading ? '…' : t('{key} (unknown)', { key })
}
