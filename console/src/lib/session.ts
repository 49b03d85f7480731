import { useSyncExternalStore } from 'react'

/** Whether a page asks who is there again: raised when a session has ended under it. */
let epoch = 0
const listeners = new Set<() => void>()

export function sessionEnded() {
  epoch += 1
  for (const listener of listeners) listener()
}

export function useSessionEpoch(): number {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => epoch,
  )
}

async function sentence(response: Response): Promise<string> {
  const answer = await response.json().catch(() => null)
  const message = answer?.errors?.[0]?.message
  return typeof message === 'string' ? message : `The server answered ${response.status}. Try again.`
}

/** How one may log in, beside an API key. */
export interface SignOn {
  name: string
  path: string
}

export async function signOn(): Promise<SignOn | null> {
  const response = await fetch('/session/ways')
  const answer = response.ok ? await response.json().catch(() => null) : null
  return answer?.signOn ?? null
}

export async function logIn(id: string, secret: string): Promise<void> {
  const response = await fetch('/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id, secret }),
  })
  if (!response.ok) throw new Error(await sentence(response))
}

export async function logOut(everywhere: boolean): Promise<void> {
  const response = await fetch(everywhere ? '/session?everywhere=true' : '/session', { method: 'DELETE' })
  if (!response.ok) throw new Error(await sentence(response))
}
