import { useEffect, useState } from 'react'
import { absolute, ago } from '@/lib/time'

/** Relative; absolute and in UTC on hover. Of Unix seconds. */
export function Time({ at }: { at: number | null | undefined }) {
  const [, tick] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 20_000)
    return () => clearInterval(timer)
  }, [])
  if (at === null || at === undefined) return <span className="dim">—</span>
  return (
    <time className="nowrap" dateTime={new Date(at * 1000).toISOString()} title={absolute(at)}>
      {ago(at)}
    </time>
  )
}
