import { type ReactNode, useId } from 'react'

export function Panel({ title, actions, flush = false, children }: { title?: ReactNode; actions?: ReactNode; flush?: boolean; children: ReactNode }) {
  const id = useId()
  return (
    <section className="panel" aria-labelledby={title ? id : undefined}>
      {title && (
        <header>
          <h2 id={id}>{title}</h2>
          {actions && <div className="actions">{actions}</div>}
        </header>
      )}
      <div className={flush ? '' : 'body'}>{children}</div>
    </section>
  )
}
