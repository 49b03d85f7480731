import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { SpaceCreateDocument, SpaceDeleteDocument, SpaceUpdateDocument, SpacesDocument } from '@/gql/operations'
import { useData, useDeed } from '@/lib/graphql'
import { words } from '@/lib/text'
import { Button } from '@/ui/Button'
import { CopyId } from '@/ui/CopyId'
import { ConfirmDialog, Dialog } from '@/ui/Dialog'
import { Failure } from '@/ui/Failure'
import { Check, SelectField, TextField } from '@/ui/Field'
import { Labels } from '@/ui/Labels'
import { Loaded } from '@/ui/Loaded'
import { Page } from '@/ui/Page'
import { useSpaceOptions, type Space } from './useSpaces'

type Asked = { kind: 'create'; parent: Space } | { kind: 'edit'; space: Space } | { kind: 'delete'; space: Space } | null

export function SpacesPage() {
  const query = useData(SpacesDocument, {})
  const [asked, setAsked] = useState<Asked>(null)
  return (
    <Page title="Spaces">
      <Loaded query={query}>
        {({ spaces }) => {
          const tops = spaces.filter((space) => !spaces.some((other) => other.id === space.parentSpace))
          return (
            <div className="panel">
              <div className="body tree" style={{ padding: '4px 12px' }}>
                <Branch spaces={tops} all={spaces} onAsk={setAsked} />
              </div>
            </div>
          )
        }}
      </Loaded>
      {asked?.kind === 'create' && <Edit parent={asked.parent} onClose={() => setAsked(null)} />}
      {asked?.kind === 'edit' && <Edit space={asked.space} onClose={() => setAsked(null)} />}
      {asked?.kind === 'delete' && <Delete space={asked.space} onClose={() => setAsked(null)} />}
    </Page>
  )
}

function Branch({ spaces, all, onAsk }: { spaces: Space[]; all: Space[]; onAsk: (asked: Asked) => void }) {
  return (
    <ul>
      {spaces.map((space) => {
        const below = all.filter((other) => other.parentSpace === space.id)
        const fixed = space.id === 'root' || space.id === 'legacy'
        return (
          <li key={space.id}>
            <div className="node">
              <bdi className="strong">{space.name}</bdi> <CopyId value={space.id} /> <span className="badge">{space.accessLevel.toLowerCase()}</span>
              {space.parentSpace && <span className="badge">{space.inheritEntities ? 'inherits' : 'closed'}</span>}
              <Labels labels={space.labels} />
              <bdi className="dim small">{space.description}</bdi>
              <span className="row wrap" style={{ marginLeft: 'auto' }}>
                <Link className="button" to="/stacks" search={{ space: space.id }} aria-label={`Stacks of ${space.name}`}>
                  Stacks
                </Link>
                {space.accessLevel === 'ADMIN' && (
                  <>
                    <Button onClick={() => onAsk({ kind: 'create', parent: space })} aria-label={`Add below ${space.name}`}>
                      Add below
                    </Button>
                    {!fixed && (
                      <>
                        <Button onClick={() => onAsk({ kind: 'edit', space })} aria-label={`Edit ${space.name}`}>
                          Edit
                        </Button>
                        <Button look="danger" onClick={() => onAsk({ kind: 'delete', space })} aria-label={`Delete ${space.name}`}>
                          Delete
                        </Button>
                      </>
                    )}
                  </>
                )}
              </span>
            </div>
            {below.length > 0 && <Branch spaces={below} all={all} onAsk={onAsk} />}
          </li>
        )
      })}
    </ul>
  )
}

function Edit({ space, parent, onClose }: { space?: Space; parent?: Space; onClose: () => void }) {
  const options = useSpaceOptions().filter((option) => option.value !== space?.id)
  const [name, setName] = useState(space?.name ?? '')
  const [description, setDescription] = useState(space?.description ?? '')
  const [above, setAbove] = useState(space?.parentSpace ?? parent?.id ?? 'root')
  const [inherit, setInherit] = useState(space?.inheritEntities ?? true)
  const [labels, setLabels] = useState(space?.labels.join(', ') ?? '')
  const create = useDeed(SpaceCreateDocument, onClose)
  const update = useDeed(SpaceUpdateDocument, onClose)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const input = { name: name.trim(), description, parentSpace: above, inheritEntities: inherit, labels: words(labels) }
    if (space) update.mutate({ space: space.id, input })
    else create.mutate({ input })
  }
  return (
    <Dialog open onClose={onClose} title={space ? `Edit ${space.name}` : `New space below ${parent?.name}`}>
      <form className="stack" onSubmit={submit}>
        <TextField label="Name" value={name} onChange={setName} required />
        <TextField label="Description" value={description} onChange={setDescription} />
        <SelectField label="Below" value={above} onChange={setAbove} options={options} />
        <Check label="Inherit" checked={inherit} onChange={setInherit} hint="Its stacks see integrations, contexts and pools of the space above" />
        <TextField label="Labels" value={labels} onChange={setLabels} />
        <Failure error={create.error ?? update.error} />
        <div className="actions">
          <Button onClick={onClose}>Leave it as it is</Button>
          <Button type="submit" look="primary" busy={create.isPending || update.isPending} disabled={!name.trim()}>
            {space ? 'Save' : 'Create'} {name.trim() || 'the space'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

function Delete({ space, onClose }: { space: Space; onClose: () => void }) {
  const remove = useDeed(SpaceDeleteDocument, onClose)
  return (
    <ConfirmDialog open onClose={onClose} title={`Delete ${space.name}`} effect={`Delete ${space.name}`} name={space.name} busy={remove.isPending} error={remove.error} onConfirm={() => remove.mutate({ space: space.id })}>
      <p>Refused while something lives in it.</p>
    </ConfirmDialog>
  )
}
