import type { ReactNode } from 'react'
import type { ElementFragment } from '@/gql/operations'
import { Button } from '@/ui/Button'
import { CopyId } from '@/ui/CopyId'
import { fromBase64 } from './ConfigEditor'

export function ElementRow({ element, from, onEdit, onDelete }: { element: ElementFragment; from?: ReactNode; onEdit?: (() => void) | undefined; onDelete?: (() => void) | undefined }) {
  const file = element.type === 'FILE_MOUNT'
  return (
    <tr>
      <td data-label="">
        <CopyId value={element.id} whole />
        {element.description && (
          <div className="dim small">
            <bdi>{element.description}</bdi>
          </div>
        )}
      </td>
      <td data-label="" className="mono anywhere" style={{ maxWidth: 480 }}>
        {element.writeOnly || element.value === null ? (
          <span className="dim" title={`checksum ${element.checksum}`}>•••• hidden</span>
        ) : file ? (
          <details>
            <summary>{fromBase64(element.value).length} characters</summary>
            <pre style={{ whiteSpace: 'pre-wrap' }}>{fromBase64(element.value)}</pre>
          </details>
        ) : (
          <bdi>{element.value}</bdi>
        )}
      </td>
      <td data-label="">{file ? 'file' : 'variable'}</td>
      {from !== undefined && <td data-label="from">{from}</td>}
      <td data-label="" className="shrink">
        <span className="row">
          {onEdit && (
            <Button onClick={onEdit} aria-label={`Change ${element.id}`}>
              Change
            </Button>
          )}
          {onDelete && (
            <Button look="danger" onClick={onDelete} aria-label={`Remove ${element.id}`}>
              Remove
            </Button>
          )}
        </span>
      </td>
    </tr>
  )
}
