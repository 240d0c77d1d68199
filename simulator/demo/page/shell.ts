import { createContext } from 'preact'
import { useContext } from 'preact/hooks'

/** State of the whole page that every part may need. */
export interface Shell {
  /** Key of the plugin in front. */
  plugin: string
  selfUri: string
  language: string
  openExchanges: () => void
}

export const ShellContext = createContext<Shell>({
  plugin: '',
  selfUri: '',
  language: 'en_US',
  openExchanges: () => {}
})

export const useShell = () => useContext(ShellContext)
