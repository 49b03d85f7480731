import { type FormEvent, useState } from 'react'
import { StackSettingsDocument, type StackSettingsQuery, StackUpdateDocument } from '@/gql/operations'
import { useData, useDeed } from '@/lib/graphql'
import { Button } from '@/ui/Button'
import { CopyId } from '@/ui/CopyId'
import { Failure } from '@/ui/Failure'
import { Loaded } from '@/ui/Loaded'
import { Notice } from '@/ui/Notice'
import { Panel } from '@/ui/Panel'
import { tell } from '@/ui/toast'
import { StackCommit } from './StackCommit'
import { StackFields } from './StackFields'
import type { StackHead } from './StackPage'
import { draftOf, inputOf } from './draft'

export function StackSettings({ stack }: { stack: StackHead }) {
  const query = useData(StackSettingsDocument, { id: stack.id })
  return (
    <Loaded query={query}>
      {(data) =>
        data.stack && (
          <div className="stack" style={{ maxWidth: 760 }}>
            <Panel title="What never changes">
              <dl className="facts">
                <dt>ID</dt>
                <dd>
                  <CopyId value={stack.id} whole />
                </dd>
                <dt>State</dt>
                <dd>{stack.managesStateFile ? 'kept here' : 'kept in a backend of its own'}</dd>
              </dl>
            </Panel>
            <StackCommit stack={stack} />
            {stack.spaceDetails.accessLevel === 'ADMIN' ? <Form settings={data.stack} /> : <Notice>Changing the settings needs the role admin in its space.</Notice>}
          </div>
        )
      }
    </Loaded>
  )
}

function Form({ settings }: { settings: NonNullable<StackSettingsQuery['stack']> }) {
  const [draft, setDraft] = useState(() => draftOf(settings))
  const update = useDeed(StackUpdateDocument, () => tell('Saved'))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    update.mutate({ id: settings.id, input: inputOf(draft, settings) })
  }
  return (
    <form className="stack" onSubmit={submit}>
      <StackFields draft={draft} onChange={setDraft} error={update.error} />
      <Failure error={update.error} />
      <div>
        <Button type="submit" look="primary" busy={update.isPending}>
          Save {settings.name}
        </Button>
      </div>
    </form>
  )
}
