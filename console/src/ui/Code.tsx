import { useState } from 'react'
import { Button } from './Button'

export function Code({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 1200)
  }
  return (
    <div className="code">
      <pre tabIndex={0} aria-label={label} role="region">
        {text}
      </pre>
      <Button onClick={copy} aria-label={`Copy ${label}`}>
        {copied ? 'Copied ✓' : 'Copy'}
      </Button>
    </div>
  )
}
