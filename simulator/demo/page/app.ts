import { html } from 'htm/preact'
import { HelpContext, Trouble } from 'page-kit/web/trouble.ts'
import { useLanguage } from 'page-kit/web/use-language.ts'
import { useEffect, useState } from 'preact/hooks'
import { Drawer } from './drawer/drawer.ts'
import { useExchanges } from './drawer/use-exchanges.ts'
import { Header } from './header.ts'
import { helpOf } from './help.ts'
import { PluginView } from './plugin-view.ts'
import { ShellContext } from './shell.ts'
import { usePlugins } from './use-plugins.ts'
import { useRoute } from './use-route.ts'

export function App() {
  const { plugins, problem, reload, connected } = usePlugins()
  const route = useRoute()
  const [language, setLanguage] = useLanguage()
  const [drawer, setDrawer] = useState(false)
  const all = useExchanges()
  const plugin = plugins?.find(({ key }) => key === route.plugin) ?? plugins?.[0]
  // Fetching a key tells nothing of the plugin that asks, so it is shown with any of them.
  const exchanges = all.filter(exchange => exchange.plugin === null || exchange.plugin === plugin?.key)

  useEffect(() => {
    document.title = plugin ? `${plugin.name} · Simulated CRM` : 'Simulated CRM'
  }, [plugin?.name])

  const openExchanges = () => setDrawer(true)
  const shell = { plugin: plugin?.key ?? '', selfUri: plugin?.selfUri ?? '', language, openExchanges }

  return html`
    <${ShellContext.Provider} value=${shell}>
      <${HelpContext.Provider} value=${helpOf(shell)}>
      <${Header}
        plugins=${plugins ?? []}
        current=${plugin?.key}
        view=${route.view}
        language=${language}
        onLanguage=${setLanguage}
        exchanges=${exchanges.length}
        drawer=${drawer}
        onDrawer=${() => setDrawer(!drawer)}
      />
      ${!connected && html`<p class="offline" role="status">The connection to the demo is lost. Trying to reconnect…</p>`}
      <div class=${drawer ? 'stage with-drawer' : 'stage'}>
        <main id="main" tabindex="-1">
          ${problem && html`<${Trouble} what="The list of plugins could not be read." problem=${problem} onRetry=${reload} />`}
          ${!problem && !plugin && html`<p class="starting" role="status">Opening the CRM…</p>`}
          ${plugin && html`<${PluginView} key=${plugin.key} plugin=${plugin} view=${route.view} />`}
        </main>
        ${drawer && html`<${Drawer} exchanges=${exchanges} onClose=${() => setDrawer(false)} />`}
      </div>
      </${HelpContext.Provider}>
    </${ShellContext.Provider}>
  `
}
