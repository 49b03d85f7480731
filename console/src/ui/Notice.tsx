import type { ReactNode } from 'react'

export function Notice({ kind = 'info', children }: { kind?: 'info' | 'warn' | 'fail' | 'good'; children: ReactNode }) {
  return (
    <div className={`notice ${kind}`} role={kind === 'fail' ? 'alert' : undefined}>
      <div className="sentence">{children}</div>
    </div>
  )
}

export function Empty({ title, whole = false, children }: { title: string; /** It is all that the page has. */ whole?: boolean; children?: ReactNode }) {
  return (
    <div className="empty">
      {whole ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </div>
  )
}
