import { useSpaceOptions } from '@/features/spaces/useSpaces'
import { StackVersionsDocument } from '@/gql/operations'
import { useData } from '@/lib/graphql'
import { Check, SelectField, TextArea, TextField } from '@/ui/Field'
import { Panel } from '@/ui/Panel'
import { type Draft, HOOKS, type Tool } from './draft'

const HOOK_WORDS = (hook: string) => hook.replace(/([A-Z])/, (letter) => ` ${letter.toLowerCase()}`)

/** To which field a sentence of the server's belongs. */
const FIELDS: [RegExp, keyof Draft][] = [
  [/^name|slug/i, 'name'],
  [/repositor/i, 'url'],
  [/branch/i, 'branch'],
  [/project ?root/i, 'projectRoot'],
  [/version/i, 'version'],
  [/label/i, 'labels'],
  [/space/i, 'space'],
  [/pool/i, 'pool'],
]

export function StackFields({ draft, onChange, error }: { draft: Draft; onChange: (draft: Draft) => void; error: Error | null }) {
  const spaces = useSpaceOptions()
  const versions = useData(StackVersionsDocument, {}, { staleTime: 60_000, retry: false })
  const known = (draft.tool === 'opentofu' ? versions.data?.openTofuVersions : versions.data?.terraformVersions) ?? []
  const field = error && FIELDS.find(([words]) => words.test(error.message))?.[1]
  const wrong = (name: keyof Draft) => (field === name ? error?.message : undefined)
  const set = <K extends keyof Draft>(name: K) => (value: Draft[K]) => onChange({ ...draft, [name]: value })
  return (
    <>
      <Panel title="What it is">
        <div className="stack">
          <TextField label="Name" value={draft.name} onChange={set('name')} required wrong={wrong('name')} />
          <TextField label="Description" value={draft.description} onChange={set('description')} />
          <SelectField label="Space" value={draft.space} onChange={set('space')} options={draft.space === '' ? [{ value: '', label: 'the default space' }, ...spaces] : spaces} wrong={wrong('space')} />
          <TextField label="Labels" value={draft.labels} onChange={set('labels')} hint="Separated by commas" wrong={wrong('labels')} />
        </div>
      </Panel>
      <Panel title="Its code">
        <div className="stack">
          <TextField label="Repository" mono value={draft.url} onChange={set('url')} required placeholder="https://git.example.com/infra/network.git" hint="https, ssh, or a path below the directories that the server’s configuration allows" wrong={wrong('url')} />
          <TextField label="Branch" mono value={draft.branch} onChange={set('branch')} required wrong={wrong('branch')} />
          <TextField label="Directory in it" mono value={draft.projectRoot} onChange={set('projectRoot')} placeholder="the root" wrong={wrong('projectRoot')} />
        </div>
      </Panel>
      <Panel title="Its tool">
        <div className="stack">
          <SelectField label="Tool" value={draft.tool} onChange={(tool) => onChange({ ...draft, tool: tool as Tool, version: '' })} options={[{ value: 'terraform', label: 'Terraform' }, { value: 'opentofu', label: 'OpenTofu' }]} />
          <TextField label="Version" mono value={draft.version} onChange={set('version')} list="tool-versions" placeholder="the newest that the server has" wrong={wrong('version')} />
          <datalist id="tool-versions">
            {known.slice(0, 60).map((version) => (
              <option key={version} value={version} />
            ))}
          </datalist>
          <SelectField label="Workers" value={draft.pool} onChange={set('pool')} options={[{ value: '', label: 'the installation’s own' }, ...(versions.data?.workerPools ?? []).map((pool) => ({ value: pool.id, label: pool.name }))]} wrong={wrong('pool')} />
        </div>
      </Panel>
      <Panel title="How it behaves">
        <div className="stack">
          <Check label="Apply without asking" checked={draft.autodeploy} onChange={set('autodeploy')} hint="A tracked run goes on to apply, with write credentials, without anybody’s confirmation" />
          <Check label="Protect from deletion" checked={draft.protect} onChange={set('protect')} />
          <Check label="Administrative" checked={draft.administrative} onChange={set('administrative')} hint="Its runs may change this installation, in its space and below" />
          <details open={HOOKS.some((hook) => draft.hooks[hook] !== '') || undefined}>
            <summary>Hooks</summary>
            <div className="stack" style={{ marginTop: 12 }}>
              {HOOKS.map((hook) => (
                <TextArea key={hook} label={HOOK_WORDS(hook)} mono rows={2} value={draft.hooks[hook]} onChange={(value) => onChange({ ...draft, hooks: { ...draft.hooks, [hook]: value } })} />
              ))}
            </div>
          </details>
        </div>
      </Panel>
    </>
  )
}
