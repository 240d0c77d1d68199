import { html } from 'htm/preact'
import { Icon } from 'page-kit/web/icons.ts'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { ExchangeSummary } from '../../../crm/model.ts'
import { ExchangeRow } from './exchange-row.ts'

interface DrawerProps {
  exchanges: readonly ExchangeSummary[]
  onClose: () => void
}

/** Every request between the CRM and the plugin, both ways, as it went over the wire. */
export function Drawer({ exchanges, onClose }: DrawerProps) {
  const title = useRef<HTMLHeadingElement>(null)
  const [open, setOpen] = useState<number>()

  useEffect(() => title.current?.focus(), [])
  const close = () => {
    onClose()
    document.getElementById('exchanges-button')?.focus()
  }
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Escape') close()
  }

  return html`
    <aside class="drawer" aria-labelledby="drawer-title" onKeyDown=${press}>
      <div class="drawer-head">
        <h2 id="drawer-title" tabindex="-1" ref=${title}>Exchanges</h2>
        <button type="button" class="button small plain" aria-label="Close the exchanges" onClick=${close}><${Icon} name="close" /></button>
      </div>
      ${
        exchanges.length === 0
          ? html`<p class="empty">Nothing was said yet. Register the plugin, and the handshake appears here.</p>`
          : html`
              <ol class="exchanges">
                ${exchanges.map(
                  exchange => html`
                    <${ExchangeRow}
                      key=${exchange.id}
                      exchange=${exchange}
                      open=${exchange.id === open}
                      onToggle=${() => setOpen(exchange.id === open ? undefined : exchange.id)}
                    />
                  `
                )}
              </ol>
            `
      }
    </aside>
  `
}
