import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { sessionEnded } from './session'

/** Between two looks at what has changed; what changes meanwhile is looked at together. */
const GATHER = 200
/** Before a stream that the server refused is asked for again. */
const COME_BACK = 5000

/** Counts what was heard, so that nothing is missed between a look and a wait. */
let heard = 0
const waiting = new Set<() => void>()

function wake() {
  heard += 1
  for (const go of waiting) go()
  waiting.clear()
}

export function heardSoFar(): number {
  return heard
}

/** Waits until something is heard that was not yet at `since`. */
export function heardMore(since: number, signal: AbortSignal): Promise<void> {
  if (heard !== since || signal.aborted) return Promise.resolve()
  return new Promise((go) => {
    waiting.add(go)
    signal.addEventListener('abort', () => go(), { once: true })
  })
}

/** Listens to the server for as long as the page is there; of one run also to its log. */
export function useLive(stack: string | undefined, run: string | undefined) {
  const client = useQueryClient()
  useEffect(() => {
    const path = stack && run ? `/events?${new URLSearchParams({ stack, run })}` : '/events'
    let source: EventSource | undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    let retry: ReturnType<typeof setTimeout> | undefined
    let first = true
    const look = () => {
      timer ??= setTimeout(() => {
        timer = undefined
        void client.invalidateQueries()
      }, GATHER)
    }
    const open = () => {
      source = new EventSource(path)
      source.addEventListener('ready', () => {
        // What a page was drawn from may be older than the stream.
        if (!first) look()
        first = false
        wake()
      })
      for (const name of ['reset', 'change']) {
        source.addEventListener(name, () => {
          look()
          wake()
        })
      }
      source.addEventListener('log', wake)
      source.addEventListener('error', () => {
        // A stream that broke comes back by itself; one that was refused does not.
        if (source?.readyState !== EventSource.CLOSED) return
        sessionEnded()
        retry = setTimeout(open, COME_BACK)
      })
    }
    open()
    return () => {
      source?.close()
      clearTimeout(timer)
      clearTimeout(retry)
    }
  }, [client, stack, run])
}
