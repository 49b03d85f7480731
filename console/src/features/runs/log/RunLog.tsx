import { useNavigate, useSearch } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react'
import { download } from '@/lib/text'
import { Button } from '@/ui/Button'
import { Failure } from '@/ui/Failure'
import { Options } from '@/ui/Field'
import { stateWord } from '@/ui/StateBadge'
import type { Visit } from '../RunPage'
import { LogLine } from './LogLine'
import { firstError, matches } from './lines'
import { useLog } from './useLog'

const HEIGHT = 19

interface Props {
  stack: string
  run: string
  visit: Visit
  visits: Visit[]
  onVisit: (stateVersion: string) => void
}

/** The log of one phase: only the rows in sight exist, and it follows while one is at its end. */
export function RunLog({ stack, run, visit, visits, onVisit }: Props) {
  const search = useSearch({ from: '/stacks/$id/runs/$run' })
  const navigate = useNavigate({ from: '/stacks/$id/runs/$run' })
  const { lines, finished, error } = useLog(stack, run, visit.state, visit.stateVersion)
  const [find, setFind] = useState(search.q ?? '')
  const [at, setAt] = useState(-1)
  const wanted = useDeferredValue(find)
  const count = lines.length
  const found = useMemo(() => matches(lines, wanted), [lines, count, wanted])
  const problem = useMemo(() => firstError(lines), [lines, count])
  const marked = search.line ? Number(search.line) - 1 : -1

  const box = useRef<HTMLDivElement>(null)
  const following = useRef(marked < 0)
  const rows = useVirtualizer({ count, getScrollElement: () => box.current, estimateSize: () => HEIGHT, overscan: 20 })
  useEffect(() => {
    if (following.current && count > 0) rows.scrollToIndex(count - 1, { align: 'end' })
  }, [count, rows])
  const jumped = useRef(false)
  useEffect(() => {
    if (!jumped.current && marked >= 0 && count > marked) {
      jumped.current = true
      rows.scrollToIndex(marked, { align: 'center' })
    }
  }, [marked, count, rows])

  const scrolled = () => {
    const element = box.current
    if (element) following.current = element.scrollHeight - element.scrollTop - element.clientHeight < HEIGHT * 2
  }
  const go = (line: number) => {
    following.current = false
    rows.scrollToIndex(line, { align: 'center' })
  }
  const mark = (line: number) => void navigate({ search: (old) => ({ ...old, view: 'log', visit: String(visit.stateVersion), line: String(line + 1) }), replace: true, resetScroll: false })
  const step = (by: number) => {
    if (found.length === 0) return
    const next = at < 0 ? (by > 0 ? 0 : found.length - 1) : (at + by + found.length) % found.length
    setAt(next)
    go(found[next] ?? 0)
  }
  return (
    <section className="panel log" aria-label="Log">
      <header className="log-head">
        <Options aria-label="Phase" value={String(visit.stateVersion)} onChange={onVisit} options={visits.map((one) => ({ value: String(one.stateVersion), label: stateWord(one.state) }))} />
        <input
          type="search"
          className="input"
          aria-label="Search in the log"
          placeholder="Search in the log"
          value={find}
          onChange={(event) => {
            setFind(event.target.value)
            setAt(-1)
          }}
          onKeyDown={(event) => event.key === 'Enter' && step(event.shiftKey ? -1 : 1)}
        />
        {find !== '' && (
          <span className="row" role="status">
            {found.length === 0 ? 'nothing' : at < 0 ? `in ${found.length}` : `${at + 1} of ${found.length}`}
            <Button look="quiet" onClick={() => step(-1)} aria-label="Previous">
              ↑
            </Button>
            <Button look="quiet" onClick={() => step(1)} aria-label="Next">
              ↓
            </Button>
          </span>
        )}
        <span className="row wrap" style={{ marginLeft: 'auto' }}>
          <span className="dim small" role="status">{finished ? `${count} lines` : `${count} lines, live`}</span>
          {problem >= 0 && <Button onClick={() => { go(problem); mark(problem) }}>First error</Button>}
          <Button onClick={() => { following.current = true; rows.scrollToIndex(Math.max(0, count - 1), { align: 'end' }) }}>End</Button>
          <Button onClick={() => download(`${stack}-${run}-${visit.state.toLowerCase()}.log`, `${lines.join('\n')}\n`)}>Download</Button>
        </span>
      </header>
      <Failure error={error} />
      {/* It scrolls, so the keyboard has to reach it. */}
      <div className="log-box" ref={box} onScroll={scrolled} tabIndex={0} role="region" aria-label={`Output of ${stateWord(visit.state)}`}>
        <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
          {rows.getVirtualItems().map((row) => (
            <div key={row.key} data-index={row.index} ref={rows.measureElement} className={`log-row ${row.index === marked ? 'marked' : ''} ${row.index === found[at] ? 'found' : ''}`} style={{ transform: `translateY(${row.start}px)` }}>
              <button type="button" className="log-number" tabIndex={-1} onClick={() => mark(row.index)} aria-label={`Link to line ${row.index + 1}`}>
                {row.index + 1}
              </button>
              <code dir="ltr">
                <LogLine line={lines[row.index] ?? ''} find={wanted} />
              </code>
            </div>
          ))}
        </div>
        {count === 0 && <p className="dim" style={{ padding: 12 }}>{finished ? 'It said nothing.' : 'Nothing yet …'}</p>}
      </div>
    </section>
  )
}
