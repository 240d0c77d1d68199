import { html } from 'htm/preact'
import { type ComponentChildren, createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { type Problem, sentence } from './answer.ts'
import { Icon } from './icons.ts'
import { useWords } from './words.ts'

/** Help of a page with a problem, beyond its message. */
export interface Help {
  /** The next thing to do, as a sentence. */
  advice: (problem: Problem) => string
  /** Buttons and links beside "Try again". */
  actions?: (problem: Problem) => ComponentChildren
}

export const HelpContext = createContext<Help>({ advice: () => '' })

export const useAdvice = () => useContext(HelpContext).advice

interface TroubleProps {
  problem: Problem
  /** The failed action, as a sentence. */
  what: string
  onRetry?: () => void
}

/** Something went wrong: what, what the host said, and what to do next. */
export function Trouble({ problem, what, onRetry }: TroubleProps) {
  const t = useWords()
  const { advice, actions } = useContext(HelpContext)
  return html`
    <div class="notice notice-bad" role="alert">
      <${Icon} name="alert" />
      <div>
        <p><strong>${what}</strong> <span>${sentence(problem.message)}</span></p>
        <p>${advice(problem)}</p>
        <p class="row">
          ${onRetry && html`<button type="button" class="button small" onClick=${onRetry}>${t('Try again')}</button>`}
          ${actions?.(problem)}
        </p>
      </div>
    </div>
  `
}
