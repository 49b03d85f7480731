import type { ReactNode } from 'react'
import { Failure } from './Failure'

interface Query<T> {
  data: T | undefined
  error: Error | null
  isPending: boolean
  refetch: () => unknown
}

/** What came, or why nothing did. What was shown stays while it is asked again. */
export function Loaded<T>({ query, rows = 6, children }: { query: Query<T>; rows?: number; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) {
    return (
      <>
        {query.error && <Failure error={query.error} retry={query.refetch} />}
        {children(query.data)}
      </>
    )
  }
  if (query.error) return <Failure error={query.error} retry={query.refetch} />
  return <Skeleton rows={rows} />
}

export function Skeleton({ rows }: { rows: number }) {
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <i key={row} style={{ width: `${92 - ((row * 17) % 40)}%` }} />
      ))}
    </div>
  )
}
