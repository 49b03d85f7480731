const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'short' })

/** `2 hr. ago`, `in 5 min.`; of Unix seconds. */
export function ago(seconds: number, now: number = Date.now() / 1000): string {
  const distance = seconds - now
  for (const [unit, size] of UNITS) {
    if (Math.abs(distance) >= size) return relative.format(Math.trunc(distance / size), unit)
  }
  return distance > 5 ? `in ${Math.round(distance)} s` : 'just now'
}

/** Here and in UTC. */
export function absolute(seconds: number): string {
  const date = new Date(seconds * 1000)
  return `${date.toLocaleString()} · ${date.toISOString().replace('.000Z', 'Z')}`
}

export function clock(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour12: false })
}

/** `1.2 s`, `4 min 3 s`; of milliseconds. */
export function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
