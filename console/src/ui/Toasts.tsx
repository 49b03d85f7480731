import { Toast } from '@base-ui/react/toast'
import { toasts } from './toast'

export function Toasts() {
  return (
    <Toast.Provider toastManager={toasts}>
      <Toast.Portal>
        <Toast.Viewport className="toasts">
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  )
}

function List() {
  const { toasts: all } = Toast.useToastManager()
  return all.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className="toast">
      <Toast.Title render={<div />} />
      <Toast.Close className="button quiet" aria-label="Close">
        ×
      </Toast.Close>
    </Toast.Root>
  ))
}
