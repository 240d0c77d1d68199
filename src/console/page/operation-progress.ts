import { html } from 'htm/preact'
import type { Problem } from 'page-kit/web/answer.ts'
import { useWords } from 'page-kit/web/words.ts'
import { useEffect, useState } from 'preact/hooks'
import { ask } from './api.ts'
import { ActButton } from './parts/act-button.ts'
import { StateBadge } from './parts/badge.ts'
import type { Operation } from './shapes.ts'

const READ_AGAIN_MS = 1_000

/** How far a replay is, until it has ended. */
export function OperationProgress({ id, onEnd }: { id: number; onEnd?: () => void }) {
  const t = useWords()
  const [operation, setOperation] = useState<Operation>()
  const [problem, setProblem] = useState<Problem>()

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let wanted = true
    const read = async () => {
      const result = await ask<Operation>(`/operations/${id}`)
      if (!wanted) return
      if (result.ok) setOperation(result.body)
      setProblem(result.ok ? undefined : result.problem)
      // A host that is away for a moment comes back.
      if (!result.ok || result.body.state === 'running') timer = setTimeout(read, READ_AGAIN_MS)
    }
    read()
    return () => {
      wanted = false
      clearTimeout(timer)
    }
  }, [id])

  if (!operation) return html`<p class="muted" role="status">${problem ? problem.message : t('Loading…')}</p>`
  const { state, percent, seen, total, changed, error } = operation
  const text = t('{seen} of {total} looked at, {changed} sent once more', { seen, total, changed })
  return html`
    <div class="progress stack" data-operation=${id}>
      <p class="row"><${StateBadge} state=${state} /> <span class="muted">${text}</span></p>
      <progress max="100" value=${percent} aria-label=${t('Replay')}>${percent} %</progress>
      ${error && html`<p class="error">${error}</p>`}
      ${
        state === 'running'
          ? html`<${ActButton} title=${t('Stop')} look="small" act=${() => ask<Operation>(`/operations/${id}/cancel`, { method: 'POST' })} onDone=${setOperation} />`
          : onEnd &&
            html`<p><button type="button" class="button small" onClick=${onEnd}>${t('Read again')}</button></p>`
      }
    </div>
  `
}
