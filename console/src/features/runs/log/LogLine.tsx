import Anser from 'anser'
import { memo } from 'react'
import { plain, showable } from './lines'

/** Beyond it a line is shown in part; the download has all of it. */
const LONGEST = 4000

/** One line: spans with colours, and nothing else that it asks for. */
export const LogLine = memo(function LogLine({ line, find }: { line: string; find: string }) {
  const text = showable(line.length > LONGEST * 4 ? line.slice(0, LONGEST * 4) : line)
  if (find !== '' && plain(line).toLowerCase().includes(find.toLowerCase())) return <Found text={plain(line).slice(0, LONGEST)} find={find} />
  const rest = text.length - LONGEST
  const parts = Anser.ansiToJson(rest > 0 ? text.slice(0, LONGEST) : text, { use_classes: true, remove_empty: true, json: true })
  return (
    <>
      {parts.map((part, place) => (
        <span key={place} className={classes(part.fg, part.bg, part.decorations)}>
          {part.content}
        </span>
      ))}
      {rest > 0 && <span className="dim"> … {line.length - LONGEST} more characters; the download has them</span>}
    </>
  )
})

function classes(fg: string | null, bg: string | null, decorations: string[]): string | undefined {
  // Of the palette's other colours and of true colours a theme can't be sure to be readable.
  const all = [fg?.startsWith('ansi-') && !fg.includes('palette') && !fg.includes('true') ? `${fg}-fg` : '', bg?.startsWith('ansi-') && !bg.includes('palette') && !bg.includes('true') ? `${bg}-bg` : '', ...decorations.map((one) => `ansi-${one}`)]
  return all.filter(Boolean).join(' ') || undefined
}

function Found({ text, find }: { text: string; find: string }) {
  const parts: string[] = []
  const lower = text.toLowerCase()
  const wanted = find.toLowerCase()
  let from = 0
  for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, from)) {
    parts.push(text.slice(from, at), text.slice(at, at + find.length))
    from = at + find.length
  }
  parts.push(text.slice(from))
  return parts.map((part, place) => (place % 2 === 1 ? <mark key={place}>{part}</mark> : <span key={place}>{part}</span>))
}
