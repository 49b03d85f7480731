/** Output of a child, cut into lines as it arrives. */
export class Lines {
  readonly all: string[] = []
  /** The last line has no end yet. */
  private open = false

  add(text: string) {
    if (text === '') return
    const parts = text.split('\n')
    const first = parts.shift() ?? ''
    if (this.open) this.all[this.all.length - 1] += first
    else this.all.push(first)
    for (const part of parts) this.all.push(part)
    // After a line end comes nothing yet.
    if (this.all.at(-1) === '') {
      this.all.pop()
      this.open = false
    } else this.open = true
  }
}

const ESC = String.fromCharCode(27)
const BEL = String.fromCharCode(7)
/** Titles, links and the clipboard of a terminal: commands that a page has no use for. */
const OSC = new RegExp(`${ESC}[\\]PX^_][^${BEL}${ESC}]*(?:${BEL}|${ESC}\\\\|$)`, 'g')
/** Of the control sequences only colours are kept. */
const CSI_OTHER = new RegExp(`${ESC}\\[[0-9;:?<=>!]*[ -/]*[@-ln-~]`, 'g')
const COLOUR = new RegExp(`${ESC}\\[[0-9;:]*m`, 'g')
const CONTROL = /[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]/g
/** Turn around what comes after them, so that text reads as what it is not. */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** A line as it may be shown: colours, and text. */
export function showable(line: string): string {
  // What a progress bar wrote over is gone.
  const shown = line.endsWith('\r') ? line.slice(0, -1) : line
  const last = shown.slice(shown.lastIndexOf('\r') + 1)
  return last
    .replace(OSC, '')
    .replace(CSI_OTHER, '')
    .replace(CONTROL, '')
    .replace(TURNING, (mark) => `[U+${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}]`)
}

export function plain(line: string): string {
  return showable(line).replace(COLOUR, '').replaceAll(ESC, '')
}

const ERROR = /(^|[│╷|\s])error\b.{0,3}:|\bpanic:|^fatal:/i

/** Where the first error stands; -1 when there is none. */
export function firstError(lines: readonly string[]): number {
  return lines.findIndex((line) => ERROR.test(plain(line)))
}

export function matches(lines: readonly string[], text: string): number[] {
  const wanted = text.toLowerCase()
  const found: number[] = []
  if (wanted === '') return found
  lines.forEach((line, place) => {
    if (plain(line).toLowerCase().includes(wanted)) found.push(place)
  })
  return found
}
