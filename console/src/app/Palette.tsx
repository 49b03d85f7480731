import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, useDeferredValue, useEffect, useId, useRef, useState } from 'react'
import { PaletteSearchDocument } from '@/gql/operations'
import { useData } from '@/lib/graphql'
import { setTheme } from '@/lib/theme'
import { Dialog } from '@/ui/Dialog'
import { PLACES } from './places'

interface Goal {
  id: string
  label: string
  kind: string
  go: () => void
}

/** Ctrl-K: places, stacks and integrations by name, and what concerns the console itself. */
export function Palette({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate()
  const list = useId()
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const asked = useDeferredValue(text.trim())
  const box = useRef<HTMLDivElement>(null)
  const query = useData(PaletteSearchDocument, { input: { first: 8, fullTextSearch: asked } })

  const goals: Goal[] = []
  const fits = (label: string) => label.toLowerCase().includes(asked.toLowerCase())
  for (const place of PLACES) {
    if (fits(place.label)) goals.push({ id: place.to, label: place.label, kind: 'place', go: () => navigate({ to: place.to }) })
  }
  for (const { node } of query.data?.searchStacks.edges ?? []) {
    goals.push({ id: `stack ${node.id}`, label: node.name, kind: `stack · ${node.space}`, go: () => navigate({ to: '/stacks/$id/$tab', params: { id: node.id, tab: 'runs' } }) })
  }
  for (const found of (query.data?.awsIntegrations ?? []).filter((found) => fits(found.name)).slice(0, 6)) {
    goals.push({ id: `integration ${found.id}`, label: found.name, kind: 'AWS integration', go: () => navigate({ to: '/cloud-integrations/$cloud/$id/$tab', params: { cloud: 'aws', id: found.id, tab: 'overview' } }) })
  }
  for (const theme of ['light', 'dark'] as const) {
    if (fits(`Theme: ${theme}`)) goals.push({ id: theme, label: `Theme: ${theme}`, kind: 'console', go: () => setTheme(theme) })
  }
  const chosen = Math.min(at, goals.length - 1)
  useEffect(() => {
    box.current?.querySelector('[data-highlighted]')?.scrollIntoView({ block: 'nearest' })
  })
  const go = (goal: Goal | undefined) => {
    if (!goal) return
    onClose()
    goal.go()
  }
  const pressed = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt(Math.min(chosen + 1, goals.length - 1))
    else if (event.key === 'ArrowUp') setAt(Math.max(chosen - 1, 0))
    else if (event.key === 'Enter') go(goals[chosen])
    else return
    event.preventDefault()
  }
  return (
    <Dialog open onClose={onClose} title="Go to">
      <input
        className="input"
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={goals[chosen] ? `${list}-${chosen}` : undefined}
        aria-label="A place, a stack or an integration"
        placeholder="A place, a stack, an integration …"
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setAt(0)
        }}
        onKeyDown={pressed}
      />
      <div className="palette-list" role="listbox" id={list} aria-label="Found" ref={box}>
        {goals.map((goal, place) => (
          <div key={goal.id} id={`${list}-${place}`} role="option" aria-selected={place === chosen} tabIndex={-1} data-highlighted={place === chosen || undefined} className="item" onClick={() => go(goal)}>
            <bdi>{goal.label}</bdi>
            <span className="dim">{goal.kind}</span>
          </div>
        ))}
        {goals.length === 0 && <p className="dim">Nothing has that name.</p>}
      </div>
    </Dialog>
  )
}
