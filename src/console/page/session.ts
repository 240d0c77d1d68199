import { createContext } from 'preact'
import { useCallback, useContext, useEffect, useState } from 'preact/hooks'
import { askSession, onSignedOut } from './api.ts'
import type { Session } from './shapes.ts'

/** Session of the browser: `undefined` while that is asked, null where there is none. */
export function useSession() {
  const [session, setSession] = useState<Session | null>()
  const [ended, setEnded] = useState(false)

  const read = useCallback(async () => {
    const result = await askSession<Session>()
    setSession(result.ok ? result.body : null)
  }, [])
  useEffect(() => {
    read()
  }, [read])
  useEffect(
    () =>
      onSignedOut(() => {
        setSession(null)
        setEnded(true)
      }),
    []
  )

  const logout = async () => {
    await askSession({ method: 'DELETE' })
    setEnded(false)
    setSession(null)
  }
  const login = (opened: Session) => {
    setEnded(false)
    setSession(opened)
  }
  return { session, ended, login, logout }
}

export const SessionContext = createContext<Session>({ name: '', scopes: [], registration: null, expiresAt: '' })

/** True if the session has the right that a button needs. */
export function useMay(scope: string): boolean {
  return useContext(SessionContext).scopes.includes(scope)
}
