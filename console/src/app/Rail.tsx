import { Menu } from '@base-ui/react/menu'
import { Link, useRouterState } from '@tanstack/react-router'
import { useState } from 'react'
import { logOut, sessionEnded } from '@/lib/session'
import { type Theme, setTheme, useTheme } from '@/lib/theme'
import { tell } from '@/ui/toast'
import { useViewer } from './Gate'
import { Icon, PLACES } from './places'

interface Props {
  narrow: boolean
  onToggle: () => void
  onHelp: () => void
  onPalette: () => void
}

export function Rail({ narrow, onToggle, onHelp, onPalette }: Props) {
  const path = useRouterState({ select: (state) => state.location.pathname })
  const [nav, setNav] = useState<HTMLElement | null>(null)
  return (
    <nav className="rail" aria-label="Places" ref={setNav}>
      <div className="brand">
        <img src="/favicon.svg" alt="" />
        <span className="label">Gantry</span>
      </div>
      {PLACES.map((place) => {
        const here = path === place.to || path.startsWith(`${place.to}/`)
        return (
          <Link key={place.to} to={place.to} aria-current={here ? 'page' : undefined} title={`${place.label} (g ${place.key})`}>
            {place.icon}
            <span className={narrow ? 'label visually-hidden' : 'label'}>{place.label}</span>
          </Link>
        )
      })}
      <div className="grow" />
      <RailButton label="Go to … (Ctrl-K)" narrow={narrow} onClick={onPalette} d="M7 2a5 5 0 100 10A5 5 0 007 2zM11 11l3.5 3.5" />
      <RailButton label="Keys (?)" narrow={narrow} onClick={onHelp} d="M1.5 4h13v8h-13zM4 7h1M7.500 7h1M11 7h1M5 10h6" />
      <Me narrow={narrow} nav={nav} />
      <RailButton label={narrow ? 'Widen' : 'Narrow'} narrow={narrow} onClick={onToggle} d={narrow ? 'M6 3l5 5-5 5' : 'M10 3L5 8l5 5'} />
    </nav>
  )
}

function RailButton({ label, narrow, onClick, d }: { label: string; narrow: boolean; onClick: () => void; d: string }) {
  return (
    <button type="button" className="rail-button" title={label} onClick={onClick}>
      <Icon d={d} />
      <span className={narrow ? 'label visually-hidden' : 'label'}>{label}</span>
    </button>
  )
}

const THEMES: [Theme, string][] = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
]

function Me({ narrow, nav }: { narrow: boolean; nav: HTMLElement | null }) {
  const viewer = useViewer()
  const theme = useTheme()
  const end = async (everywhere: boolean) => {
    try {
      await logOut(everywhere)
      sessionEnded()
    } catch (error) {
      tell((error as Error).message)
    }
  }
  return (
    <Menu.Root>
      <Menu.Trigger className="rail-button" title={viewer.name}>
        <Icon d="M8 2.500a2.500 2.500 0 100 5 2.500 2.500 0 000-5zM3 13.500c0-3 2-4.500 5-4.500s5 1.500 5 4.500" />
        <span className={narrow ? 'label visually-hidden' : 'label'}>
          <bdi>{viewer.name}</bdi>
        </span>
      </Menu.Trigger>
      <Menu.Portal container={nav}>
        <Menu.Positioner className="menu-layer" positionMethod="fixed" side="right" align="end" sideOffset={6}>
          <Menu.Popup className="menu">
            {THEMES.map(([id, label]) => (
              <Menu.Item key={id} className="item" onClick={() => setTheme(id)}>
                {theme === id ? '● ' : '○ '}
                {label}
              </Menu.Item>
            ))}
            <Menu.Item className="item" onClick={() => end(false)}>
              Log out
            </Menu.Item>
            <Menu.Item className="item" onClick={() => end(true)}>
              Log out everywhere
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}
