import { useEffect, useState } from 'preact/hooks'

export const VIEWS = ['registration', 'settings', 'chat'] as const
export type View = (typeof VIEWS)[number]

export interface Route {
  plugin: string
  view: View | undefined
}

/** Where one is, kept in the address (`#/echo/chat`) so that Back, reload and links work. */
export function useRoute(): Route {
  const [route, setRoute] = useState(read)
  useEffect(() => {
    const follow = () => setRoute(read())
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  return route
}

export const address = (plugin: string, view?: View) => `#/${plugin}${view ? `/${view}` : ''}`

function read(): Route {
  const [, plugin = '', view] = location.hash.split('/')
  return { plugin, view: VIEWS.find(known => known === view) }
}
