import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { PLACES } from './places'

export const KEYS: [string, string][] = [
  ['/', 'Search in this list'],
  ['Ctrl K', 'Go anywhere'],
  ...PLACES.map((place): [string, string] => [`g ${place.key}`, place.label]),
  ['y', 'Confirm the plan that is shown'],
  ['?', 'These keys'],
]

/** How long after `g` another key counts. */
const PATIENCE = 1200

function writes(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

export function useKeys({ help, palette }: { help: () => void; palette: () => void }) {
  const navigate = useNavigate()
  useEffect(() => {
    let since = 0
    const pressed = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        palette()
        return
      }
      if (event.ctrlKey || event.metaKey || event.altKey || writes(event.target)) return
      const after = Date.now() - since < PATIENCE
      since = 0
      if (after) {
        const place = PLACES.find((place) => place.key === event.key)
        if (place) {
          event.preventDefault()
          void navigate({ to: place.to })
        }
      } else if (event.key === 'g') since = Date.now()
      else if (event.key === '?') help()
      else if (event.key === '/') {
        const field = document.querySelector<HTMLInputElement>('input[type="search"]')
        if (field) {
          event.preventDefault()
          field.focus()
          field.select()
        }
      }
    }
    window.addEventListener('keydown', pressed)
    return () => window.removeEventListener('keydown', pressed)
  }, [navigate, help, palette])
}
