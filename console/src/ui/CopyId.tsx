import { useState } from 'react'

/** How much of the end is never cut: the end of an ARN is what tells it from others. */
const END = 14

/** An identifier that a click copies. Cut in its middle where there is no room, unless `whole`. */
export function CopyId({ value, whole = false, shown, label }: { value: string; whole?: boolean; shown?: string; label?: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(value)
    setCopied(true)
    setTimeout(() => setCopied(false), 1200)
  }
  const cut = !whole && shown === undefined && value.length > END * 2
  return (
    <button
      type="button"
      className={`copy ${whole ? 'whole' : ''}`}
      title={copied ? 'copied' : `${value}\n(click to copy)`}
      aria-label={`${copied ? "Copied" : "Copy"} ${label ? `${label} ` : ""}${shown ?? value}`}
      onClick={copy}
    >
      {copied ? (
        <span>copied ✓</span>
      ) : cut ? (
        <>
          <bdi className="start">{value.slice(0, -END)}</bdi>
          <bdi className="end" style={{ marginLeft: -4 }}>{value.slice(-END)}</bdi>
        </>
      ) : (
        <bdi>{shown ?? value}</bdi>
      )}
    </button>
  )
}
