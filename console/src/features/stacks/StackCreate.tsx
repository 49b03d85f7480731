import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { StackCreateDocument } from '@/gql/operations'
import { useDeed } from '@/lib/graphql'
import { orNull } from '@/lib/text'
import { Button } from '@/ui/Button'
import { Failure } from '@/ui/Failure'
import { Check, TextField } from '@/ui/Field'
import { Page } from '@/ui/Page'
import { Panel } from '@/ui/Panel'
import { StackFields } from './StackFields'
import { EMPTY, inputOf } from './draft'

export function StackCreate() {
  const navigate = useNavigate()
  const [draft, setDraft] = useState(EMPTY)
  const [slug, setSlug] = useState('')
  const [manage, setManage] = useState(true)
  const create = useDeed(StackCreateDocument, (made) => {
    void navigate({ to: '/stacks/$id/$tab', params: { id: made.stackCreate.id, tab: 'access' } })
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate({ input: inputOf(draft), manageState: manage, slug: orNull(slug) })
  }
  return (
    <Page title="New stack" crumbs={[{ label: 'Stacks', to: '/stacks' }]}>
      <form className="stack" style={{ maxWidth: 760 }} onSubmit={submit}>
        <StackFields draft={draft} onChange={setDraft} error={create.error} />
        <Panel title="For ever">
          <div className="stack">
            <TextField label="ID" mono value={slug} onChange={setSlug} placeholder="made from the name" hint="Stands in external IDs and addresses; never changes" />
            <Check label="Keep its state here" checked={manage} onChange={setManage} hint="Versioned and encrypted. Otherwise the code configures a backend of its own." />
          </div>
        </Panel>
        <p className="dim">Its credentials come next: the page after this one attaches cloud integrations.</p>
        <Failure error={create.error} />
        <div>
          <Button type="submit" look="primary" busy={create.isPending} disabled={!draft.name.trim() || !draft.url.trim()}>
            Create {draft.name.trim() || 'the stack'}
          </Button>
        </div>
      </form>
    </Page>
  )
}
