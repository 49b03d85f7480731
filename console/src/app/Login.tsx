import { type FormEvent, useEffect, useState } from 'react'
import { type SignOn, logIn, signOn } from '@/lib/session'
import { Button } from '@/ui/Button'
import { Failure } from '@/ui/Failure'
import { TextField } from '@/ui/Field'
import { Notice } from '@/ui/Notice'

export function Login({ onDone }: { onDone: () => void }) {
  const [id, setId] = useState('')
  const [secret, setSecret] = useState('')
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)
  const [other, setOther] = useState<SignOn | null>(null)
  useEffect(() => {
    signOn().then(setOther, () => setOther(null))
  }, [])
  useEffect(() => {
    document.title = 'Log in · Gantry'
  }, [])
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      await logIn(id, secret)
      setSecret('')
      onDone()
    } catch (caught) {
      setError(caught as Error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <main className="login">
      <form className="panel" onSubmit={submit}>
        <div className="row">
          <img src="/favicon.svg" alt="" width={28} height={28} />
          <h1>Log in to Gantry</h1>
        </div>
        {!window.isSecureContext && (
          <Notice kind="warn">
            This page came over plain HTTP from another machine, where browsers keep no login. Open it over HTTPS.
          </Notice>
        )}
        {other && (
          <>
            <a className="button primary" style={{ justifyContent: 'center' }} href={`${other.path}?${new URLSearchParams({ return: window.location.pathname + window.location.search })}`}>
              Log in with {other.name}
            </a>
            <p className="dim">Or with an API key:</p>
          </>
        )}
        <TextField label="ID of an API key" value={id} onChange={setId} mono required autoFocus autoComplete="username" />
        <TextField label="Secret" value={secret} onChange={setSecret} mono required type="password" autoComplete="current-password" />
        <Failure error={error} />
        <Button type="submit" look="primary" busy={busy} disabled={!id.trim() || !secret}>
          Log in
        </Button>
        <p className="dim small">
          The first start of the server printed a key; <code>gantry admin create-key</code> makes others. A login lasts twelve hours, and ends with its key.
        </p>
      </form>
    </main>
  )
}
