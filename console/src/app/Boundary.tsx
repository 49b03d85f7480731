import { Component, type ReactNode } from 'react'
import { Button } from '@/ui/Button'

/** A fault of a page stays on that page. */
export class Boundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state = { error: null as Error | null }

  static getDerivedStateFromError(error: Error) {
    return { error }
  }

  override render() {
    if (!this.state.error) return this.props.children
    return (
      <div className="empty" role="alert">
        <h1>This page broke</h1>
        <p className="sentence">
          It is a fault of the console: <code>{this.state.error.message}</code>. Nothing on the server was changed by it.
        </p>
        <Button look="primary" onClick={() => this.setState({ error: null })}>
          Show it again
        </Button>
      </div>
    )
  }
}
