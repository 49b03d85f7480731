import { Time } from '@/ui/Time'
import { type Integration, health } from './provider'

/** Whether it works, and if not, where it does not. */
export function HealthLine({ integration }: { integration: Integration }) {
  const state = health(integration)
  if (state === 'problem') {
    const served = integration.served.find((served) => served.problems.length > 0)
    return (
      <span className="fail">
        ✗ <bdi>{served?.stackName}</bdi>: <span className="small">{short(served?.problems[0] ?? '')}</span>
      </span>
    )
  }
  if (state === 'untried') return <span className="dim">not tried yet</span>
  const newest = Math.max(...integration.served.map((served) => served.checkedAt ?? 0))
  return (
    <span className="good">
      ✓ verified <Time at={newest} />
    </span>
  )
}

/** The first sentence; the page of the integration has the rest. */
function short(text: string): string {
  const end = text.search(/[.:;] /)
  const first = end > 20 ? text.slice(0, end) : text
  return first.length > 110 ? `${first.slice(0, 110)}…` : first
}
