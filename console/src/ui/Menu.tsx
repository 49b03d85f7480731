import { Menu as Base } from '@base-ui/react/menu'
import type { ReactNode } from 'react'

/** Within the page, where whoever goes from landmark to landmark finds it. */
export function content(): HTMLElement | null {
  return document.getElementById("content")
}

export interface MenuItem {
  label: ReactNode
  onSelect: () => void
  disabled?: boolean
}

export function Menu({ label, items, look = 'plain' }: { label: ReactNode; items: MenuItem[]; look?: 'plain' | 'primary' | 'quiet' }) {
  return (
    <Base.Root>
      <Base.Trigger className={`button ${look}`}>{label} ▾</Base.Trigger>
      <Base.Portal container={content()}>
        <Base.Positioner className="menu-layer" sideOffset={4} align="end">
          <Base.Popup className="menu">
            {items.map((item, place) => (
              <Base.Item key={place} className="item" disabled={item.disabled ?? false} onClick={item.onSelect}>
                {item.label}
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
