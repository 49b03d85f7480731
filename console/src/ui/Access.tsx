const LETTERS = { read: 'R', write: 'W' } as const

/** What may be touched: a letter, a shape and a colour, the same everywhere. */
export function Access({ access }: { access: string }) {
  if (access !== 'read' && access !== 'write') return null
  return (
    <span className={`access ${access}`} title={`${access} access`} role="img" aria-label={access}>
      <span aria-hidden="true">{LETTERS[access]}</span>
    </span>
  )
}

export function Accesses({ read, write }: { read: boolean; write: boolean }) {
  return (
    <span className="row" style={{ gap: 4 }}>
      {read && <Access access="read" />}
      {write && <Access access="write" />}
    </span>
  )
}
