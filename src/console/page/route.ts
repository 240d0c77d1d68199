import { useEffect, useState } from 'preact/hooks'

/** The place in the console, kept in the address (`#/messages/12?tab=chat`) so that Back, reload and links work. */
export interface Route {
  /** The page, and what it is about. */
  path: readonly string[]
  query: Readonly<Record<string, string>>
}

export function useRoute(): Route {
  const [route, setRoute] = useState(read)
  useEffect(() => {
    const follow = () => setRoute(read())
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  return route
}

type Query = Readonly<Record<string, string | number | undefined>>

export function placeOf(path: readonly (string | number)[], query: Query = {}): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)]]
  )
  const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`
  return `#/${path.map(part => encodeURIComponent(part)).join('/')}${search}`
}

export function go(path: readonly (string | number)[], query: Query = {}): void {
  location.hash = placeOf(path, query)
}

function read(): Route {
  const [path = '', search = ''] = location.hash.replace(/^#\/?/, '').split('?')
  return {
    path: path.split('/').flatMap(part => (part === '' ? [] : [decoded(part)])),
    query: Object.fromEntries(new URLSearchParams(search))
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
