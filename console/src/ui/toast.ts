import { Toast } from '@base-ui/react/toast'

export const toasts = Toast.createToastManager()

/** One sentence that something was done. */
export function tell(title: string) {
  toasts.add({ title, timeout: 4000 })
}
