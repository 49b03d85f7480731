import { Link, type LinkProps } from '@tanstack/react-router'
import { Fragment, type ReactNode, useEffect } from 'react'

export interface Crumb {
  label: string
  to?: LinkProps['to']
  params?: Record<string, string>
}

/** Where one is, what it is called, what can be done. */
export function Page({ title, heading, crumbs = [], actions, children }: { title: string; heading?: ReactNode; crumbs?: Crumb[]; actions?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Gantry`
  }, [title])
  return (
    <>
      <nav className="crumbs" aria-label="Breadcrumb">
        {crumbs.map((crumb, place) => (
          <Fragment key={`${place} ${crumb.label}`}>
            {place > 0 && <span aria-hidden="true">/</span>}
            {crumb.to ? (
              <Link to={crumb.to} params={(crumb.params ?? {}) as never}>
                {crumb.label}
              </Link>
            ) : (
              <span>{crumb.label}</span>
            )}
          </Fragment>
        ))}
      </nav>
      <div className="page-head">
        <h1>{heading ?? <bdi>{title}</bdi>}</h1>
        {actions && <div className="actions">{actions}</div>}
      </div>
      {children}
    </>
  )
}

export interface Tab {
  id: string
  label: string
}

/** Tabs are addresses: each a link, so that back and a pasted address work. */
export function Tabs({ tabs, current, to, params }: { tabs: Tab[]; current: string; to: LinkProps['to']; params: Record<string, string> }) {
  return (
    <nav className="tabs" aria-label="Sections">
      {tabs.map((tab) => (
        <Link key={tab.id} to={to} params={{ ...params, tab: tab.id } as never} aria-current={tab.id === current ? 'page' : undefined}>
          {tab.label}
        </Link>
      ))}
    </nav>
  )
}
