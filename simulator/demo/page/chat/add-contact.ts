import { html } from 'htm/preact'
import type { Result } from 'page-kit/web/answer.ts'
import { Icon } from 'page-kit/web/icons.ts'
import { useState } from 'preact/hooks'
import type { Conversation } from '../../../crm/model.ts'
import { contactLabels } from './people.ts'

interface AddContactProps {
  contactType: string
  onAdd: (contact: string, name: string) => Promise<Result<Conversation>>
  onAdded: (contact: string) => void
}

export function AddContact({ contactType, onAdd, onAdded }: AddContactProps) {
  const [open, setOpen] = useState(false)
  const [name, setName] = useState('')
  const [contact, setContact] = useState('')
  const [error, setError] = useState('')
  const label = contactLabels[contactType] ?? contactType

  const add = async (event: Event) => {
    event.preventDefault()
    const address = contact.trim()
    if (!address) return setError(`Enter the ${label.toLowerCase()} to write to.`)
    const result = await onAdd(address, name.trim() || address)
    if (!result.ok) return setError(result.problem.message)
    setOpen(false)
    setName('')
    setContact('')
    onAdded(address)
  }

  if (!open) {
    return html`<button type="button" class="button plain add" onClick=${() => setOpen(true)}><${Icon} name="plus" /> Add a contact</button>`
  }
  const type = (set: (text: string) => void) => (event: Event) => {
    setError('')
    set((event.currentTarget as HTMLInputElement).value)
  }
  return html`
    <form class="add-form stack" novalidate onSubmit=${add}>
      <label class="stack"><span>Name</span><input class="control" value=${name} onInput=${type(setName)} ref=${focusOnce} /></label>
      <label class="stack">
        <span>${label}</span>
        <input
          class="control"
          value=${contact}
          aria-invalid=${error ? 'true' : undefined}
          aria-describedby=${error ? 'add-contact-error' : undefined}
          onInput=${type(setContact)}
        />
      </label>
      ${error && html`<p class="error" id="add-contact-error" role="alert">${error}</p>`}
      <div class="row">
        <button class="button small primary">Add</button>
        <button type="button" class="button small plain" onClick=${() => setOpen(false)}>Cancel</button>
      </div>
    </form>
  `
}

/** A stable function, so that the focus is given when the field appears and not at every change. */
const focusOnce = (input: HTMLInputElement | null) => {
  input?.focus()
}
