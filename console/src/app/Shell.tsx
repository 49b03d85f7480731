import { Link, Outlet, useParams, useRouterState } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useLive } from '@/lib/live'
import { Toasts } from '@/ui/Toasts'
import { Boundary } from './Boundary'
import { KeyHelp } from './KeyHelp'
import { Palette } from './Palette'
import { Rail } from './Rail'
import { useKeys } from './keys'

export function Shell() {
  const [narrow, setNarrow] = useState(() => localStorage.getItem('gantry.rail') === 'narrow')
  const [open, setOpen] = useState(false)
  const [help, setHelp] = useState(false)
  const [palette, setPalette] = useState(false)
  const path = useRouterState({ select: (state) => state.location.pathname })
  const { id, run } = useParams({ strict: false })
  useLive(run ? id : undefined, run)
  useKeys({ help: () => setHelp(true), palette: () => setPalette(true) })
  useEffect(() => setOpen(false), [path])
  const toggle = () => {
    setNarrow(!narrow)
    localStorage.setItem('gantry.rail', narrow ? 'wide' : 'narrow')
  }
  return (
    <div className={`shell ${narrow ? 'narrow' : ''} ${open ? 'open' : ''}`}>
      <a className="visually-hidden" href="#content">
        To the content
      </a>
      <header className="top-bar">
        <button type="button" className="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          ☰ Menu
        </button>
        <Link to="/stacks" className="row">
          <img src="/favicon.svg" alt="" width={20} height={20} /> Gantry
        </Link>
        <button type="button" className="button quiet" style={{ marginLeft: 'auto' }} onClick={() => setPalette(true)}>
          Go to …
        </button>
      </header>
      <Rail narrow={narrow} onToggle={toggle} onHelp={() => setHelp(true)} onPalette={() => setPalette(true)} />
      <main className="main" id="content" tabIndex={-1}>
        <Boundary key={path}>
          <Outlet />
        </Boundary>
      </main>
      {help && <KeyHelp onClose={() => setHelp(false)} />}
      {palette && <Palette onClose={() => setPalette(false)} />}
      <Toasts />
    </div>
  )
}
