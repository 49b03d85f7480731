import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useSpaceOptions } from '@/features/spaces/useSpaces'
import { type Hook, HOOKS } from '@/features/stacks/draft'
import { ContextCreateDocument, type ContextInput, type ContextPageQuery, ContextUpdateDocument } from '@/gql/operations'
import { useDeed } from '@/lib/graphql'
import { lines, orNull, words } from '@/lib/text'
import { Button } from '@/ui/Button'
import { Failure } from '@/ui/Failure'
import { SelectField, TextArea, TextField } from '@/ui/Field'
import { Page } from '@/ui/Page'
import { tell } from '@/ui/toast'

type Context = NonNullable<ContextPageQuery['context']>

export function ContextForm() {
  const navigate = useNavigate()
  const create = useDeed(ContextCreateDocument, (made) => void navigate({ to: '/contexts/$id/$tab', params: { id: made.contextCreateV2.id, tab: 'environment' } }))
  return (
    <Page title="New context" crumbs={[{ label: 'Contexts', to: '/contexts' }]}>
      <Form effect="Create" busy={create.isPending} error={create.error} onSave={(input) => create.mutate({ input })} />
    </Page>
  )
}

export function ContextEdit({ context }: { context: Context }) {
  const update = useDeed(ContextUpdateDocument, () => tell('Saved'))
  return <Form from={context} effect="Save" busy={update.isPending} error={update.error} onSave={(input) => update.mutate({ id: context.id, input })} />
}

function Form({ from, effect, busy, error, onSave }: { from?: Context; effect: string; busy: boolean; error: Error | null; onSave: (input: ContextInput) => void }) {
  const spaces = useSpaceOptions()
  const [name, setName] = useState(from?.name ?? '')
  const [description, setDescription] = useState(from?.description ?? '')
  const [space, setSpace] = useState(from?.space ?? '')
  const [labels, setLabels] = useState(from?.labels.join(', ') ?? '')
  const [hooks, setHooks] = useState(() => Object.fromEntries(HOOKS.map((hook) => [hook, from?.hooks[hook].join('\n') ?? ''])) as Record<Hook, string>)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const all = Object.fromEntries(HOOKS.map((hook) => [hook, lines(hooks[hook])])) as Record<Hook, string[]>
    onSave({ name: name.trim(), description: orNull(description), space: orNull(space), labels: words(labels), hooks: all })
  }
  return (
    <form className="stack" style={{ maxWidth: 640 }} onSubmit={submit}>
      <TextField label="Name" value={name} onChange={setName} required />
      <TextField label="Description" value={description} onChange={setDescription} />
      <SelectField label="Space" value={space} onChange={setSpace} options={space === '' ? [{ value: '', label: 'the default space' }, ...spaces] : spaces} />
      <TextField label="Labels" value={labels} onChange={setLabels} hint="Separated by commas. autoattach:team attaches it to every stack labelled team, autoattach:* to every one" />
      <details open={HOOKS.some((hook) => hooks[hook] !== '') || undefined}>
        <summary>Hooks</summary>
        <div className="stack" style={{ marginTop: 12 }}>
          {HOOKS.map((hook) => (
            <TextArea key={hook} label={hook} mono rows={2} value={hooks[hook]} onChange={(value) => setHooks({ ...hooks, [hook]: value })} />
          ))}
        </div>
      </details>
      <Failure error={error} />
      <div>
        <Button type="submit" look="primary" busy={busy} disabled={!name.trim()}>
          {effect} {name.trim() || 'the context'}
        </Button>
      </div>
    </form>
  )
}
