import type { StackInput, StackSettingsQuery } from '@/gql/operations'
import { lines, orNull, words } from '@/lib/text'

type Settings = NonNullable<StackSettingsQuery['stack']>
export type Tool = 'terraform' | 'opentofu'

export const HOOKS = ['beforeInit', 'afterInit', 'beforePlan', 'afterPlan', 'beforeApply', 'afterApply', 'beforePerform', 'afterPerform', 'beforeDestroy', 'afterDestroy', 'afterRun'] as const
export type Hook = (typeof HOOKS)[number]

/** What a person edits of a stack. What is not here is kept as it was. */
export interface Draft {
  name: string
  description: string
  space: string
  labels: string
  url: string
  branch: string
  projectRoot: string
  tool: Tool
  version: string
  autodeploy: boolean
  protect: boolean
  administrative: boolean
  pool: string
  hooks: Record<Hook, string>
}

export const EMPTY: Draft = {
  name: '',
  description: '',
  space: '',
  labels: '',
  url: '',
  branch: 'main',
  projectRoot: '',
  tool: 'terraform',
  version: '',
  autodeploy: false,
  protect: false,
  administrative: false,
  pool: '',
  hooks: Object.fromEntries(HOOKS.map((hook) => [hook, ''])) as Draft['hooks'],
}

export function draftOf(stack: Settings): Draft {
  const vendor = stack.vendorConfig
  const tofu = 'otConcise' in vendor
  return {
    name: stack.name,
    description: stack.description ?? '',
    space: stack.space,
    labels: stack.labels.join(', '),
    url: stack.repositoryURL ?? stack.repository,
    branch: stack.branch,
    projectRoot: stack.projectRoot ?? '',
    tool: tofu ? 'opentofu' : 'terraform',
    version: ('otVersion' in vendor ? vendor.otVersion : 'tfVersion' in vendor ? vendor.tfVersion : null) ?? '',
    autodeploy: stack.autodeploy,
    protect: stack.protectFromDeletion,
    administrative: stack.administrative,
    pool: stack.workerPool?.id ?? '',
    hooks: Object.fromEntries(HOOKS.map((hook) => [hook, stack[hook].join('\n')])) as Draft['hooks'],
  }
}

/** The input always names everything: what the draft lacks comes from the stack as it is. */
export function inputOf(draft: Draft, stack?: Settings): StackInput {
  const hooks = Object.fromEntries(HOOKS.map((hook) => [hook, lines(draft.hooks[hook])]))
  const plain = stack && stack.repositoryURL === null
  return {
    administrative: draft.administrative,
    autodeploy: draft.autodeploy,
    autoretry: stack?.autoretry ?? false,
    branch: draft.branch.trim(),
    description: orNull(draft.description),
    enableSensitiveOutputUpload: stack?.enableSensitiveOutputUpload ?? false,
    enableWellKnownSecretMasking: stack?.enableWellKnownSecretMasking ?? true,
    githubActionDeploy: stack?.githubActionDeploy ?? false,
    localPreviewEnabled: stack?.localPreviewEnabled ?? false,
    protectFromDeletion: draft.protect,
    labels: words(draft.labels),
    name: draft.name.trim(),
    projectRoot: orNull(draft.projectRoot),
    repository: plain ? draft.url.trim() : repositoryName(draft.url),
    repositoryURL: plain ? null : orNull(draft.url),
    namespace: stack ? orNull(stack.namespace) : null,
    provider: stack?.provider ?? 'GIT',
    additionalProjectGlobs: stack?.additionalProjectGlobs ?? [],
    gitSparseCheckoutPaths: stack?.gitSparseCheckoutPaths ?? [],
    runnerImage: stack?.runnerImage ?? null,
    space: orNull(draft.space),
    vcsIntegrationId: stack?.vcsIntegration?.id ?? null,
    workerPool: orNull(draft.pool),
    vendorConfig: vendorOf(draft, stack),
    ...hooks,
  }
}

function vendorOf(draft: Draft, stack?: Settings): StackInput['vendorConfig'] {
  const version = orNull(draft.version)
  const before = stack?.vendorConfig
  if (draft.tool === 'opentofu') {
    const kept = before && 'otConcise' in before ? { workflowTool: before.otWorkflow, workspace: before.otWorkspace, externalStateAccessEnabled: before.otExternal, useSmartSanitization: before.otSmart, concise: before.otConcise } : {}
    return { opentofu: { ...kept, version } }
  }
  const kept = before && 'tfWorkflow' in before ? { workflowTool: before.tfWorkflow, workspace: before.tfWorkspace, externalStateAccessEnabled: before.tfExternal, useSmartSanitization: before.tfSmart } : {}
  return { terraform: { ...kept, version } }
}

function repositoryName(url: string): string {
  return url.trim().replace(/\/+$/, '').replace(/\.git$/, '').split(/[/:]/).at(-1) ?? url.trim()
}
