import { useEffect, useRef, useState } from 'react'
import { RunLogDocument, type RunLogQuery, type RunState } from '@/gql/operations'
import { request } from '@/lib/graphql'
import { heardMore, heardSoFar } from '@/lib/live'
import { Lines } from './lines'

const AFTER_A_FAULT = 2000

export interface Log {
  lines: readonly string[]
  /** Nothing will come. */
  finished: boolean
  error: Error | null
}

/** Reads a log from its beginning and on, page by page. */
export function useLog(stack: string, run: string, state: RunState, stateVersion: number): Log {
  const store = useRef(new Lines())
  const [, setLength] = useState(0)
  const [finished, setFinished] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  useEffect(() => {
    const lines = new Lines()
    store.current = lines
    setFinished(false)
    const stop = new AbortController()
    const pause = (ms: number) => new Promise((go) => setTimeout(go, ms))
    const read = async () => {
      let token: string | null = null
      while (!stop.signal.aborted) {
        try {
          const since = heardSoFar()
          const data: RunLogQuery = await request(RunLogDocument, { stack, run, state, stateVersion, token }, stop.signal)
          if (stop.signal.aborted) return
          const page = data.stack?.run?.logs
          setError(null)
          if (!page) return setFinished(true)
          lines.add(page.messages.map((message) => message.message).join(''))
          token = page.nextToken ?? token
          setLength((n) => n + 1)
          if (page.finished) return setFinished(true)
          if (!page.hasMore) await heardMore(since, stop.signal)
        } catch (caught) {
          if (stop.signal.aborted) return
          setError(caught as Error)
          // What was read stays; it goes on from there.
          await pause(AFTER_A_FAULT)
        }
      }
    }
    void read()
    return () => stop.abort()
  }, [stack, run, state, stateVersion])
  return { lines: store.current.all, finished, error }
}
