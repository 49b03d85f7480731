import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes, useId } from 'react'

interface Around {
  label: string
  hint?: ReactNode
  wrong?: string | undefined
}

type Input = Around & Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value'> & { value: string; onChange: (value: string) => void; mono?: boolean }

export function TextField({ label, hint, wrong, value, onChange, mono, className = '', ...rest }: Input) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        {...rest}
        id={id}
        className={`input ${mono ? 'mono' : ''} ${className}`}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        aria-invalid={wrong ? true : undefined}
        aria-describedby={`${id}-hint`}
        spellCheck={false}
        autoComplete={rest.autoComplete ?? 'off'}
      />
      <Under id={id} hint={hint} wrong={wrong} />
    </div>
  )
}

type Area = Around & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'onChange' | 'value'> & { value: string; onChange: (value: string) => void; mono?: boolean }

export function TextArea({ label, hint, wrong, value, onChange, mono, ...rest }: Area) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea {...rest} id={id} className={`textarea ${mono ? 'mono' : ''}`} value={value} onChange={(event) => onChange(event.target.value)} aria-describedby={`${id}-hint`} spellCheck={false} />
      <Under id={id} hint={hint} wrong={wrong} />
    </div>
  )
}

export interface Option {
  value: string
  label: string
}

type Choice = Around & Omit<SelectHTMLAttributes<HTMLSelectElement>, 'onChange' | 'value'> & { value: string; onChange: (value: string) => void; options: Option[] }

export function SelectField({ label, hint, wrong, value, onChange, options, ...rest }: Choice) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <Options {...rest} id={id} value={value} onChange={onChange} options={options} aria-describedby={`${id}-hint`} />
      <Under id={id} hint={hint} wrong={wrong} />
    </div>
  )
}

/** A choice with its name inside, for filters. */
export function Options({ value, onChange, options, ...rest }: Omit<Choice, 'label' | 'hint' | 'wrong'>) {
  return (
    <select {...rest} className="select" value={value} onChange={(event) => onChange(event.target.value)}>
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  )
}

export function Check({ label, hint, checked, onChange, disabled }: { label: ReactNode; hint?: ReactNode; checked: boolean; onChange: (checked: boolean) => void; disabled?: boolean }) {
  const id = useId()
  return (
    <div className="check">
      <input id={id} type="checkbox" checked={checked} disabled={disabled} onChange={(event) => onChange(event.target.checked)} />
      <div>
        <label htmlFor={id}>{label}</label>
        {hint && <div className="dim small">{hint}</div>}
      </div>
    </div>
  )
}

function Under({ id, hint, wrong }: { id: string; hint: ReactNode; wrong: string | undefined }) {
  return (
    <div id={`${id}-hint`}>
      {wrong ? <span className="wrong">{wrong}</span> : hint ? <span className="hint">{hint}</span> : null}
    </div>
  )
}
