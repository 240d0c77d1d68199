import { html } from 'htm/preact'
import type { Problem, Result } from 'page-kit/web/answer.ts'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useWords } from 'page-kit/web/words.ts'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

interface ActProps<Answer> {
  title: string
  /** Asked before it is done; without it nothing is asked. */
  question?: ComponentChildren
  look?: 'primary' | 'plain' | ''
  act: () => Promise<Result<Answer>>
  onDone?: (answer: Answer) => void
  disabled?: boolean
}

/** A button that changes something: asks first, tells that it works, and what went wrong. */
export function ActButton<Answer>({ title, question, look = '', act, onDone, disabled = false }: ActProps<Answer>) {
  const t = useWords()
  const [busy, setBusy] = useState(false)
  const [asking, setAsking] = useState(false)
  const [problem, setProblem] = useState<Problem>()

  const run = async () => {
    setAsking(false)
    setBusy(true)
    setProblem(undefined)
    const result = await act()
    setBusy(false)
    if (result.ok) onDone?.(result.body)
    else setProblem(result.problem)
  }
  return html`
    <button type="button" class=${`button ${look}`} disabled=${busy || disabled} onClick=${() => (question ? setAsking(true) : run())}>
      ${busy ? t('Working…') : title}
    </button>
    ${
      asking &&
      html`
        <${Dialog} title=${title} onClose=${() => setAsking(false)}>
          <div class="stack">${question}</div>
          <p class="row">
            <button type="button" class="button primary" onClick=${run}>${title}</button>
            <button type="button" class="button" onClick=${() => setAsking(false)}>${t('Leave it')}</button>
          </p>
        </${Dialog}>
      `
    }
    ${problem && html`<${Trouble} what=${t('That was not done.')} problem=${problem} onRetry=${run} />`}
  `
}

interface DialogProps {
  title: string
  onClose: () => void
  children: ComponentChildren
}

/** A question in front of everything else; Escape closes it, and the focus goes back to where it was. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return html`
    <dialog ref=${dialog} class="dialog" aria-labelledby="dialog-title" onClose=${onClose}>
      <h2 id="dialog-title">${title}</h2>
      ${children}
    </dialog>
  `
}
