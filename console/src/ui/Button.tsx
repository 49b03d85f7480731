import type { ButtonHTMLAttributes } from 'react'

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: 'plain' | 'primary' | 'danger' | 'quiet'
  /** Something is under way. */
  busy?: boolean
}

export function Button({ look = 'plain', busy = false, disabled, children, type = 'button', className = '', ...rest }: Props) {
  return (
    <button type={type} className={`button ${look} ${className}`} disabled={disabled || busy} aria-busy={busy || undefined} {...rest}>
      {children}
      {busy && ' …'}
    </button>
  )
}
