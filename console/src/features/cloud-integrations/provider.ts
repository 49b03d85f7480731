import type { ComponentType } from 'react'

/** A stack that an integration serves. */
export interface Served {
  stackId: string
  stackName: string
  read: boolean
  write: boolean
  /** By a label, and not by somebody. */
  automatic: boolean
  /** What is wrong with it there, in sentences; nothing when all is well. */
  problems: string[]
  /** When the role was last tried there, in Unix seconds. */
  checkedAt: number | null
}

/** An integration as every cloud has it. */
export interface Integration {
  cloud: string
  id: string
  name: string
  /** What it is in the cloud, such as a role's ARN. */
  identity: string
  space: string
  labels: string[]
  served: Served[]
}

export interface Listing {
  data: Integration[] | undefined
  error: Error | null
  isPending: boolean
  refetch: () => unknown
}

/** What a cloud brings along. The pages of the section know nothing else of it. */
export interface Provider {
  /** As in addresses. */
  cloud: string
  label: string
  useIntegrations: () => Listing
  /** Makes one. */
  Create: ComponentType
  tabs: { id: string; label: string; Content: ComponentType<{ id: string }> }[]
  /** What can be done to one, beside its name. */
  Actions: ComponentType<{ integration: Integration }>
  /** What of this cloud is attached to a stack, and what can be done about it. */
  OnStack: ComponentType<{ stack: string; space: string }>
}

export type Health = 'verified' | 'problem' | 'untried'

export function health(integration: Integration): Health {
  if (integration.served.some((served) => served.problems.length > 0)) return 'problem'
  return integration.served.some((served) => served.checkedAt !== null) ? 'verified' : 'untried'
}
