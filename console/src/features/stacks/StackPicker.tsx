import { useDeferredValue, useId, useState } from 'react'
import { StackNamesDocument } from '@/gql/operations'
import { useData } from '@/lib/graphql'

/** Chooses stacks by name. `-` stands for none, where an address has to say so. */
export function StackPicker({ chosen, onChange, single = false }: { chosen: string[]; onChange: (stacks: string[]) => void; single?: boolean }) {
  const id = useId()
  const [text, setText] = useState('')
  const asked = useDeferredValue(text.trim())
  const query = useData(StackNamesDocument, { input: { first: 20, fullTextSearch: asked } })
  const real = chosen.filter((stack) => stack !== '-')
  const found = (query.data?.searchStacks.edges ?? []).map((edge) => edge.node).filter((stack) => !real.includes(stack.id))
  return (
    <div className="field">
      <label htmlFor={id}>{single ? 'Stack' : 'Stacks'}</label>
      {real.length > 0 && (
        <div className="row wrap">
          {real.map((stack) => (
            <button key={stack} type="button" className="button" onClick={() => onChange(real.filter((other) => other !== stack))} aria-label={`Take ${stack} out`}>
              <bdi>{stack}</bdi> ×
            </button>
          ))}
        </div>
      )}
      {!(single && real.length > 0) && (
        <>
          <input id={id} className="input" placeholder="Search stacks" value={text} onChange={(event) => setText(event.target.value)} autoComplete="off" />
          <ul className="picker" aria-label="Stacks found">
            {found.slice(0, 8).map((stack) => (
              <li key={stack.id}>
                <button
                  type="button"
                  className="button quiet"
                  onClick={() => {
                    onChange(single ? [stack.id] : [...real, stack.id])
                    setText('')
                  }}
                >
                  + <bdi>{stack.name}</bdi> <span className="dim small">{stack.space}</span>
                </button>
              </li>
            ))}
            {found.length === 0 && query.data && <li className="dim small">{real.length > 0 ? 'no other stack' : 'no stack of that name'}</li>}
          </ul>
        </>
      )}
    </div>
  )
}
