import type { ReactNode } from 'react'

export interface Place {
  to: '/stacks' | '/runs' | '/cloud-integrations' | '/contexts' | '/workers' | '/spaces' | '/audit' | '/settings'
  label: string
  /** Pressed after `g`. */
  key: string
  icon: ReactNode
}

export const PLACES: Place[] = [
  { to: '/stacks', label: 'Stacks', key: 's', icon: <Icon d="M2 5l6-3 6 3-6 3zM2 8l6 3 6-3M2 11l6 3 6-3" /> },
  { to: '/runs', label: 'Runs', key: 'r', icon: <Icon d="M4 2.5l9 5.5-9 5.5z" /> },
  { to: '/cloud-integrations', label: 'Cloud integrations', key: 'c', icon: <Icon d="M4.5 12.5a3 3 0 01-.3-6 4 4 0 017.7-.6 3.3 3.3 0 01-.4 6.6z" /> },
  { to: '/contexts', label: 'Contexts', key: 'x', icon: <Icon d="M5 2H3v12h2M11 2h2v12h-2M6 6h4M6 10h4" /> },
  { to: '/workers', label: 'Workers', key: 'w', icon: <Icon d="M2 3h12v4H2zM2 9h12v4H2zM4 5h1M4 11h1" /> },
  { to: '/spaces', label: 'Spaces', key: 'p', icon: <Icon d="M3 2v10h4M3 6h4M9 4h5v4H9zM9 10h5v4H9z" /> },
  { to: '/audit', label: 'Audit', key: 'a', icon: <Icon d="M3 2h10v12H3zM5 5h6M5 8h6M5 11h3" /> },
  { to: '/settings', label: 'Settings', key: 't', icon: <Icon d="M2 4h8m4 0h-1M2 8h2m4 0h6M2 12h7m3 0h2M10 2.5v3M5 6.5v3M9 10.5v3" /> },
]

export function Icon({ d }: { d: string }) {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.3" strokeLinejoin="round" strokeLinecap="round" aria-hidden="true">
      <path d={d} />
    </svg>
  )
}
