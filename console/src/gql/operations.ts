// Generated from schema.graphql and the *.graphql files by `npm run generate`; not edited.

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
export type ApiKeyInputOidc = {
  claimMappings?: ClaimMappingInput | null | undefined;
  clientId: string;
  issuer: string;
  subjectExpression: string;
};

export type AnsibleInput = {
  playbook: string;
};

export type ApiKeyInput = {
  /**
   * Roles in spaces; each holds in the spaces below too. Without any, a key that is no
   * administrator sees nothing.
   */
  accessRules?: Array<SpaceAccessRuleInput> | null | undefined;
  admin: boolean;
  /** Unix seconds; null lasts until the key is revoked. */
  expiresAt?: number | null | undefined;
  name: string;
  oidc?: ApiKeyInputOidc | null | undefined;
  teams: Array<string>;
};

export type ClaimMappingEntryInput = {
  name: string;
  value: string;
};

export type ClaimMappingInput = {
  entries: Array<ClaimMappingEntryInput>;
};

export type CloudFormationInput = {
  entryTemplateFile: string;
  region: string;
  stackName: string;
  templateBucket: string;
};

export type ConfigInput = {
  description?: string | null | undefined;
  id: string;
  type: ConfigType;
  value: string;
  writeOnly: boolean;
};

export type ConfigType =
  | 'ENVIRONMENT_VARIABLE'
  | 'FILE_MOUNT';

/** Always everything: null means "none". */
export type ContextInput = {
  description?: string | null | undefined;
  hooks?: HooksInput | null | undefined;
  labels?: Array<string> | null | undefined;
  name: string;
  space?: string | null | undefined;
};

export type HooksInput = {
  afterApply: Array<string>;
  afterDestroy: Array<string>;
  afterInit: Array<string>;
  afterPerform: Array<string>;
  afterPlan: Array<string>;
  afterRun: Array<string>;
  beforeApply: Array<string>;
  beforeDestroy: Array<string>;
  beforeInit: Array<string>;
  beforePerform: Array<string>;
  beforePlan: Array<string>;
};

export type KubernetesInput = {
  kubectlVersion?: string | null | undefined;
  kubernetesWorkflowTool?: KubernetesWorkflowTool | null | undefined;
  namespace: string;
};

export type KubernetesWorkflowTool =
  | 'CUSTOM'
  | 'KUBERNETES';

export type OpenTofuInput = {
  concise?: boolean | null | undefined;
  externalStateAccessEnabled?: boolean | null | undefined;
  useSmartSanitization?: boolean | null | undefined;
  version?: string | null | undefined;
  workflowTool?: OpenTofuWorkflowTool | null | undefined;
  workspace?: string | null | undefined;
};

export type OpenTofuWorkflowTool =
  | 'CUSTOM'
  | 'OPENTOFU';

export type PulumiInput = {
  loginURL: string;
  stackName: string;
};

/** Also states that no run is ever in yet: clients name them. */
export type RunState =
  | 'APPLYING'
  | 'CANCELED'
  | 'CONFIRMED'
  | 'DESTROYING'
  | 'DISCARDED'
  | 'FAILED'
  | 'FINISHED'
  | 'INITIALIZING'
  | 'NONE'
  | 'PENDING'
  | 'PENDING_REVIEW'
  | 'PERFORMING'
  | 'PLANNING'
  | 'PREPARING'
  | 'PREPARING_APPLY'
  | 'PREPARING_REPLAN'
  | 'QUEUED'
  | 'READY'
  | 'REPLAN_REQUESTED'
  | 'SKIPPED'
  | 'STOPPED'
  | 'UNCONFIRMED';

export type RunType =
  | 'DESTROY'
  | 'PROPOSED'
  | 'TASK'
  | 'TESTING'
  | 'TRACKED';

/** One member is given; its values are alternatives. */
export type SearchConstraint = {
  booleanEquals?: Array<boolean> | null | undefined;
  enumEquals?: Array<string> | null | undefined;
  stringMatches?: Array<string> | null | undefined;
};

export type SearchDirection =
  | 'ASC'
  | 'DESC';

export type SearchInput = {
  /** The `endCursor` of the page before. */
  after?: string | null | undefined;
  /** At most 50. */
  first?: number | null | undefined;
  fullTextSearch?: string | null | undefined;
  orderBy?: SearchOrder | null | undefined;
  /** All of them must hold. */
  predicates?: Array<SearchPredicate> | null | undefined;
};

export type SearchOrder = {
  direction: SearchDirection;
  field: string;
};

export type SearchPredicate = {
  constraint: SearchConstraint;
  exclude?: boolean | null | undefined;
  field: string;
};

export type SpaceAccessLevel =
  | 'ADMIN'
  | 'READ'
  | 'WRITE';

export type SpaceAccessRuleInput = {
  space: string;
  spaceAccessLevel: SpaceAccessLevel;
};

export type SpaceInput = {
  description: string;
  inheritEntities: boolean;
  labels?: Array<string> | null | undefined;
  name: string;
  /** The empty text means the root space. */
  parentSpace: string;
};

/** Always everything: null means "none" or "the default". */
export type StackInput = {
  additionalProjectGlobs?: Array<string> | null | undefined;
  administrative: boolean;
  afterApply?: Array<string> | null | undefined;
  afterDestroy?: Array<string> | null | undefined;
  afterInit?: Array<string> | null | undefined;
  afterPerform?: Array<string> | null | undefined;
  afterPlan?: Array<string> | null | undefined;
  afterRun?: Array<string> | null | undefined;
  autodeploy: boolean;
  autoretry: boolean;
  beforeApply?: Array<string> | null | undefined;
  beforeDestroy?: Array<string> | null | undefined;
  beforeInit?: Array<string> | null | undefined;
  beforePerform?: Array<string> | null | undefined;
  beforePlan?: Array<string> | null | undefined;
  branch: string;
  description?: string | null | undefined;
  enableSensitiveOutputUpload: boolean;
  enableWellKnownSecretMasking: boolean;
  gitSparseCheckoutPaths?: Array<string> | null | undefined;
  githubActionDeploy: boolean;
  labels?: Array<string> | null | undefined;
  localPreviewEnabled: boolean;
  name: string;
  namespace?: string | null | undefined;
  projectRoot?: string | null | undefined;
  protectFromDeletion: boolean;
  provider?: VcsProvider | null | undefined;
  repository: string;
  repositoryURL?: string | null | undefined;
  runnerImage?: string | null | undefined;
  space?: string | null | undefined;
  vcsIntegrationId?: string | null | undefined;
  vendorConfig?: VendorConfigInput | null | undefined;
  workerPool?: string | null | undefined;
};

export type StackState =
  | 'APPLYING'
  | 'CANCELED'
  | 'CONFIRMED'
  | 'DESTROYING'
  | 'DISCARDED'
  | 'FAILED'
  | 'FINISHED'
  | 'INITIALIZING'
  | 'NONE'
  | 'PENDING'
  | 'PENDING_REVIEW'
  | 'PERFORMING'
  | 'PLANNING'
  | 'PREPARING'
  | 'PREPARING_APPLY'
  | 'PREPARING_REPLAN'
  | 'QUEUED'
  | 'READY'
  | 'REPLAN_REQUESTED'
  | 'SKIPPED'
  | 'STOPPED'
  | 'UNCONFIRMED';

export type StateChangeAction =
  | 'ADDED'
  | 'CHANGED'
  | 'REMOVED';

export type StateDownloadUrlInput = {
  stackId: string;
  /** An older version; without it the current one. An addition to the contract. */
  versionId?: string | null | undefined;
};

export type StateOrigin =
  | 'IMPORT'
  | 'ROLLBACK'
  | 'RUN';

export type TerraformInput = {
  externalStateAccessEnabled?: boolean | null | undefined;
  useSmartSanitization?: boolean | null | undefined;
  version?: string | null | undefined;
  workflowTool?: TerraformWorkflowTool | null | undefined;
  workspace?: string | null | undefined;
};

export type TerraformWorkflowTool =
  | 'CUSTOM'
  | 'OPEN_TOFU'
  | 'TERRAFORM_FOSS';

export type TerragruntInput = {
  prefixResourceNamesWithModuleName?: boolean | null | undefined;
  skipReplan?: boolean | null | undefined;
  skipReplanWhenRunAll?: boolean | null | undefined;
  terraformVersion?: string | null | undefined;
  terragruntVersion?: string | null | undefined;
  tool?: TerragruntTool | null | undefined;
  useRunAll: boolean;
  useSmartSanitization: boolean;
  useStateManagement?: boolean | null | undefined;
};

export type TerragruntTool =
  | 'MANUALLY_PROVISIONED'
  | 'OPEN_TOFU'
  | 'TERRAFORM_FOSS';

export type VcsProvider =
  | 'AZURE_DEVOPS'
  | 'BITBUCKET_CLOUD'
  | 'BITBUCKET_DATACENTER'
  | 'GIT'
  | 'GITHUB'
  | 'GITHUB_ENTERPRISE'
  | 'GITLAB'
  | 'SHOWCASE'
  | 'SPACELIFT';

/** One member is given. */
export type VendorConfigInput = {
  ansible?: AnsibleInput | null | undefined;
  cloudFormation?: CloudFormationInput | null | undefined;
  kubernetes?: KubernetesInput | null | undefined;
  opentofu?: OpenTofuInput | null | undefined;
  pulumi?: PulumiInput | null | undefined;
  terraform?: TerraformInput | null | undefined;
  terragrunt?: TerragruntInput | null | undefined;
};

export type PaletteSearchQueryVariables = Exact<{
  input: SearchInput;
}>;


export type PaletteSearchQuery = { searchStacks: { edges: Array<{ node: { id: string, name: string, space: string } }> }, awsIntegrations: Array<{ id: string, name: string }> };

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { name: string, viewer: { id: string, name: string } | null };

export type AuditQueryVariables = Exact<{
  input: SearchInput;
  from?: number | null | undefined;
  until?: number | null | undefined;
}>;


export type AuditQuery = { searchAuditEvents: { edges: Array<{ node: { id: string, timestampMs: number, actor: string, actorName: string, action: string, targetKind: string, targetId: string, targetName: string | null, space: string | null, stack: string | null, run: string | null, details: unknown } }>, pageInfo: { endCursor: string, hasNextPage: boolean } } };

export type AwsVerificationFragment = { access: string, outcome: string, message: string, checkedAt: number };

export type AwsAttachmentFragment = { id: string, read: boolean, write: boolean, stackId: string, stackName: string, warnings: Array<string>, verifications: Array<{ access: string, outcome: string, message: string, checkedAt: number }> };

export type AwsIntegrationFragment = { id: string, name: string, roleArn: string, space: string, labels: Array<string>, region: string | null, durationSeconds: number, externalId: string, generateCredentialsInWorker: boolean, tagAssumeRole: boolean, autoattachEnabled: boolean };

export type AwsIntegrationsQueryVariables = Exact<{ [key: string]: never; }>;


export type AwsIntegrationsQuery = { awsIntegrations: Array<{ id: string, name: string, roleArn: string, space: string, labels: Array<string>, region: string | null, durationSeconds: number, externalId: string, generateCredentialsInWorker: boolean, tagAssumeRole: boolean, autoattachEnabled: boolean, attachedStacks: Array<{ id: string, read: boolean, write: boolean, stackId: string, stackName: string, warnings: Array<string>, verifications: Array<{ access: string, outcome: string, message: string, checkedAt: number }> }>, autoattachedStacks: Array<{ stackId: string, stackName: string, read: boolean, write: boolean, problems: Array<string> }> }> };

export type AwsIntegrationPageQueryVariables = Exact<{
  id: string;
}>;


export type AwsIntegrationPageQuery = { awsIntegration: { id: string, name: string, roleArn: string, space: string, labels: Array<string>, region: string | null, durationSeconds: number, externalId: string, generateCredentialsInWorker: boolean, tagAssumeRole: boolean, autoattachEnabled: boolean, attachedStacks: Array<{ id: string, read: boolean, write: boolean, stackId: string, stackName: string, warnings: Array<string>, verifications: Array<{ access: string, outcome: string, message: string, checkedAt: number }> }>, autoattachedStacks: Array<{ stackId: string, stackName: string, read: boolean, write: boolean, problems: Array<string> }> } | null };

export type AwsTrustQueryVariables = Exact<{
  id: string;
  stack: string;
  read: boolean;
  write: boolean;
}>;


export type AwsTrustQuery = { awsIntegration: { id: string, externalIdForStack: { externalId: string, assumeRolePolicyStatement: string } } | null };

export type AwsAccountQueryVariables = Exact<{ [key: string]: never; }>;


export type AwsAccountQuery = { spaceliftAwsAccountId: string };

export type AwsIntegrationCreateMutationVariables = Exact<{
  name: string;
  roleArn: string;
  space?: string | null | undefined;
  labels?: Array<string> | string | null | undefined;
  region?: string | null | undefined;
  durationSeconds?: number | null | undefined;
  externalID?: string | null | undefined;
  generateCredentialsInWorker: boolean;
  tagAssumeRole?: boolean | null | undefined;
  autoattachEnabled?: boolean | null | undefined;
}>;


export type AwsIntegrationCreateMutation = { awsIntegrationCreate: { id: string, name: string } };

export type AwsIntegrationUpdateMutationVariables = Exact<{
  id: string;
  name: string;
  roleArn: string;
  space?: string | null | undefined;
  labels?: Array<string> | string | null | undefined;
  region?: string | null | undefined;
  durationSeconds?: number | null | undefined;
  externalID?: string | null | undefined;
  generateCredentialsInWorker: boolean;
  tagAssumeRole?: boolean | null | undefined;
  autoattachEnabled?: boolean | null | undefined;
}>;


export type AwsIntegrationUpdateMutation = { awsIntegrationUpdate: { id: string } };

export type AwsIntegrationDeleteMutationVariables = Exact<{
  id: string;
}>;


export type AwsIntegrationDeleteMutation = { awsIntegrationDelete: { id: string } | null };

export type AwsIntegrationAttachMutationVariables = Exact<{
  id: string;
  stack: string;
  read: boolean;
  write: boolean;
}>;


export type AwsIntegrationAttachMutation = { awsIntegrationAttach: { id: string, read: boolean, write: boolean, stackId: string, stackName: string, warnings: Array<string>, verifications: Array<{ access: string, outcome: string, message: string, checkedAt: number }> } };

export type AwsAttachmentUpdateMutationVariables = Exact<{
  id: string;
  read: boolean;
  write: boolean;
}>;


export type AwsAttachmentUpdateMutation = { awsIntegrationAttachmentUpdate: { id: string, read: boolean, write: boolean, stackId: string, stackName: string, warnings: Array<string>, verifications: Array<{ access: string, outcome: string, message: string, checkedAt: number }> } };

export type AwsIntegrationDetachMutationVariables = Exact<{
  id: string;
}>;


export type AwsIntegrationDetachMutation = { awsIntegrationDetach: { id: string } | null };

export type AwsVerifyMutationVariables = Exact<{
  id: string;
  stack: string;
  read: boolean;
  write: boolean;
}>;


export type AwsVerifyMutation = { awsIntegrationVerify: Array<{ access: string, outcome: string, message: string, checkedAt: number }> };

export type AwsOfStackQueryVariables = Exact<{
  stack: string;
}>;


export type AwsOfStackQuery = { stack: { id: string, attachedAwsIntegrations: Array<{ id: string, read: boolean, write: boolean, stackId: string, stackName: string, warnings: Array<string>, integration: { id: string, name: string, roleArn: string, space: string, labels: Array<string>, region: string | null, durationSeconds: number, externalId: string, generateCredentialsInWorker: boolean, tagAssumeRole: boolean, autoattachEnabled: boolean }, verifications: Array<{ access: string, outcome: string, message: string, checkedAt: number }> }>, legacyRoleMigration: { roleArn: string, integration: string | null, madeIntegration: boolean, migratedAt: number, migratedBy: string } | null, integrations: { aws: { assumedRoleArn: string | null, externalID: string | null, durationSeconds: number | null, region: string | null, generateCredentialsInWorker: boolean, assumeRolePolicyStatement: string } } } | null };

export type AwsLegacyRoleSetMutationVariables = Exact<{
  id: string;
  roleArn: string;
  durationSeconds?: number | null | undefined;
  region?: string | null | undefined;
  externalID?: string | null | undefined;
  generateCredentialsInWorker: boolean;
}>;


export type AwsLegacyRoleSetMutation = { stackIntegrationAwsCreate: { activated: boolean } };

export type AwsLegacyRoleDeleteMutationVariables = Exact<{
  id: string;
}>;


export type AwsLegacyRoleDeleteMutation = { stackIntegrationAwsDelete: { activated: boolean } };

export type AwsMigrationPlanQueryVariables = Exact<{
  stack: string;
}>;


export type AwsMigrationPlanQuery = { legacyRoleMigrationPlan: { ready: boolean, changes: Array<string>, missingStatement: string | null, integrationName: string | null, read: boolean, write: boolean, checks: Array<{ access: string, externalId: string, outcome: string, message: string }> } };

export type AwsMigrateMutationVariables = Exact<{
  stack: string;
}>;


export type AwsMigrateMutation = { legacyRoleMigrate: { integration: string | null } };

export type AwsMigrationUndoMutationVariables = Exact<{
  stack: string;
}>;


export type AwsMigrationUndoMutation = { legacyRoleMigrationUndo: { activated: boolean } };

export type ElementFragment = { id: string, type: ConfigType, value: string | null, writeOnly: boolean, description: string | null, checksum: string, createdAt: number };

export type StackConfigQueryVariables = Exact<{
  id: string;
}>;


export type StackConfigQuery = { stack: { id: string, canWrite: boolean, effectiveConfig: Array<{ element: { id: string, type: ConfigType, value: string | null, writeOnly: boolean, description: string | null, checksum: string, createdAt: number }, context: { contextId: string, contextName: string, priority: number, isAutoattached: boolean } | null, hides: Array<{ element: { id: string }, context: { contextId: string, contextName: string } | null }> }> } | null };

export type StackConfigAddMutationVariables = Exact<{
  stack: string;
  config: ConfigInput;
}>;


export type StackConfigAddMutation = { stackConfigAdd: { id: string } };

export type StackConfigDeleteMutationVariables = Exact<{
  stack: string;
  id: string;
}>;


export type StackConfigDeleteMutation = { stackConfigDelete: { id: string } | null };

export type ContextConfigAddMutationVariables = Exact<{
  context: string;
  config: ConfigInput;
}>;


export type ContextConfigAddMutation = { contextConfigAdd: { id: string } };

export type ContextConfigDeleteMutationVariables = Exact<{
  context: string;
  id: string;
}>;


export type ContextConfigDeleteMutation = { contextConfigDelete: { id: string } | null };

export type ContextsQueryVariables = Exact<{
  input: SearchInput;
}>;


export type ContextsQuery = { searchContexts: { edges: Array<{ node: { id: string, name: string, description: string | null, space: string, labels: Array<string>, updatedAt: number, attachedStacks: Array<{ stackId: string }> } }>, pageInfo: { endCursor: string, hasNextPage: boolean } } };

export type ContextPageQueryVariables = Exact<{
  id: string;
}>;


export type ContextPageQuery = { context: { id: string, name: string, description: string | null, space: string, labels: Array<string>, createdAt: number, updatedAt: number, spaceDetails: { id: string, name: string, accessLevel: SpaceAccessLevel }, config: Array<{ id: string, type: ConfigType, value: string | null, writeOnly: boolean, description: string | null, checksum: string, createdAt: number }>, attachedStacks: Array<{ id: string, stackId: string, stackName: string, priority: number, isAutoattached: boolean }>, hooks: { beforeInit: Array<string>, afterInit: Array<string>, beforePlan: Array<string>, afterPlan: Array<string>, beforeApply: Array<string>, afterApply: Array<string>, beforePerform: Array<string>, afterPerform: Array<string>, beforeDestroy: Array<string>, afterDestroy: Array<string>, afterRun: Array<string> } } | null };

export type StackContextsQueryVariables = Exact<{
  id: string;
}>;


export type StackContextsQuery = { stack: { id: string, spaceDetails: { id: string, accessLevel: SpaceAccessLevel }, attachedContexts: Array<{ id: string, contextId: string, contextName: string, priority: number, isAutoattached: boolean, config: Array<{ id: string }> }> } | null, contexts: Array<{ id: string, name: string, space: string }> };

export type ContextCreateMutationVariables = Exact<{
  input: ContextInput;
}>;


export type ContextCreateMutation = { contextCreateV2: { id: string } };

export type ContextUpdateMutationVariables = Exact<{
  id: string;
  input: ContextInput;
}>;


export type ContextUpdateMutation = { contextUpdateV2: { id: string } };

export type ContextDeleteMutationVariables = Exact<{
  id: string;
}>;


export type ContextDeleteMutation = { contextDelete: { id: string } | null };

export type ContextAttachMutationVariables = Exact<{
  id: string;
  stack: string;
  priority: number;
}>;


export type ContextAttachMutation = { contextAttach: { id: string } };

export type ContextDetachMutationVariables = Exact<{
  id: string;
}>;


export type ContextDetachMutation = { contextDetach: { id: string } | null };

export type RunPageQueryVariables = Exact<{
  stack: string;
  run: string;
}>;


export type RunPageQuery = { stack: { id: string, name: string, space: string, canWrite: boolean, spaceDetails: { id: string, name: string }, cloudAccess: Array<{ runType: RunType, phase: string, cloud: string, access: string, integration: string | null, roleArn: string | null, explanation: string, fails: boolean }>, run: { id: string, type: RunType, state: RunState, stateVersion: number, title: string | null, command: string | null, branch: string | null, triggeredBy: string | null, createdAt: number, finishedAt: number | null, finished: boolean, canRetry: boolean, waitingFor: string | null, prioritized: boolean, isMostRecent: boolean, commit: { hash: string, message: string, authorName: string, timestamp: number, url: string } | null, delta: { addCount: number, changeCount: number, deleteCount: number, resources: number } | null, history: Array<{ state: RunState, stateVersion: number, timestampMs: number, username: string | null, note: string | null, hasLogs: boolean, terminal: boolean }>, credentials: Array<{ id: string, phase: string, cloud: string, access: string, outcome: string, note: string, source: string | null, integration: string | null, integrationName: string | null, roleArn: string | null, externalId: string | null, sessionName: string | null, decidedAt: number, issuedAt: number | null, expiresAt: number | null, outlived: boolean }> } | null } | null };

export type RunChangesListQueryVariables = Exact<{
  stack: string;
  run: string;
}>;


export type RunChangesListQuery = { stack: { id: string, run: { id: string, planJson: string | null, changesV3: Array<{ resources: Array<{ address: string, previousAddress: string | null, metadata: { type: string } }> }> } | null } | null };

export type RunLogQueryVariables = Exact<{
  stack: string;
  run: string;
  state: RunState;
  stateVersion: number;
  token?: string | null | undefined;
}>;


export type RunLogQuery = { stack: { id: string, run: { id: string, logs: { exists: boolean, finished: boolean, hasMore: boolean, nextToken: string | null, messages: Array<{ message: string }> } | null } | null } | null };

export type RunWhereQueryVariables = Exact<{
  run: string;
}>;


export type RunWhereQuery = { runStack: { id: string } | null };

export type SearchRunsQueryVariables = Exact<{
  input: SearchInput;
}>;


export type SearchRunsQuery = { searchRuns: { edges: Array<{ stackId: string, node: { id: string, type: RunType, state: RunState, title: string | null, createdAt: number, finishedAt: number | null, triggeredBy: string | null, branch: string | null, command: string | null, prioritized: boolean, waitingFor: string | null, commit: { hash: string, message: string } | null, delta: { addCount: number, changeCount: number, deleteCount: number } | null } }>, pageInfo: { endCursor: string, hasNextPage: boolean } } };

export type RunConfirmMutationVariables = Exact<{
  stack: string;
  run: string;
}>;


export type RunConfirmMutation = { runConfirm: { id: string, state: RunState } };

export type RunDiscardMutationVariables = Exact<{
  stack: string;
  run: string;
}>;


export type RunDiscardMutation = { runDiscard: { id: string, state: RunState } };

export type RunCancelMutationVariables = Exact<{
  stack: string;
  run: string;
}>;


export type RunCancelMutation = { runCancel: { id: string, state: RunState } };

export type RunStopMutationVariables = Exact<{
  stack: string;
  run: string;
}>;


export type RunStopMutation = { runStop: { id: string, state: RunState } };

export type RunRetryMutationVariables = Exact<{
  stack: string;
  run: string;
}>;


export type RunRetryMutation = { runRetry: { id: string } };

export type RunReplanMutationVariables = Exact<{
  stack: string;
  run: string;
}>;


export type RunReplanMutation = { runTargetedReplan: { id: string } };

export type RunPrioritizeMutationVariables = Exact<{
  stack: string;
  run: string;
  prioritize: boolean;
}>;


export type RunPrioritizeMutation = { runPrioritizeSet: { id: string } };

export type ApiKeysQueryVariables = Exact<{ [key: string]: never; }>;


export type ApiKeysQuery = { apiKeys: Array<{ id: string, name: string, description: string | null, admin: boolean, creator: string, createdAt: number, lastUsedAt: number | null, expiresAt: number | null, accessRules: Array<{ space: string, spaceAccessLevel: SpaceAccessLevel }> }> };

export type ApiKeyCreateMutationVariables = Exact<{
  input: ApiKeyInput;
}>;


export type ApiKeyCreateMutation = { apiKeyCreate: { id: string, secret: string } };

export type ApiKeyDeleteMutationVariables = Exact<{
  id: string;
}>;


export type ApiKeyDeleteMutation = { apiKeyDelete: { id: string } | null };

export type InstallationQueryVariables = Exact<{ [key: string]: never; }>;


export type InstallationQuery = { name: string, outgoingIPAddresses: Array<string>, spaceliftAwsAccountId: string, debugInfo: { selfHostedVersion: string } };

export type SpacesQueryVariables = Exact<{ [key: string]: never; }>;


export type SpacesQuery = { spaces: Array<{ id: string, name: string, description: string, inheritEntities: boolean, labels: Array<string>, parentSpace: string | null, accessLevel: SpaceAccessLevel }> };

export type SpaceCreateMutationVariables = Exact<{
  input: SpaceInput;
}>;


export type SpaceCreateMutation = { spaceCreate: { id: string } };

export type SpaceUpdateMutationVariables = Exact<{
  space: string;
  input: SpaceInput;
}>;


export type SpaceUpdateMutation = { spaceUpdate: { id: string } };

export type SpaceDeleteMutationVariables = Exact<{
  space: string;
}>;


export type SpaceDeleteMutation = { spaceDelete: { id: string } | null };

export type StackListQueryVariables = Exact<{
  input: SearchInput;
}>;


export type StackListQuery = { searchStacks: { edges: Array<{ node: { id: string, name: string, description: string | null, space: string, branch: string, repository: string, projectRoot: string | null, labels: Array<string>, state: StackState, stateSetAt: number | null, lockedBy: string | null, isDisabled: boolean, deleting: boolean, blocker: { id: string, state: RunState, type: RunType, title: string | null } | null, attachedAwsIntegrations: Array<{ id: string, read: boolean, write: boolean, integration: { id: string, name: string } }>, integrations: { aws: { assumedRoleArn: string | null } } } }>, pageInfo: { endCursor: string, hasNextPage: boolean } } };

export type StackNamesQueryVariables = Exact<{
  input: SearchInput;
}>;


export type StackNamesQuery = { searchStacks: { edges: Array<{ node: { id: string, name: string, space: string } }>, pageInfo: { endCursor: string, hasNextPage: boolean } } };

export type StackHeadQueryVariables = Exact<{
  id: string;
}>;


export type StackHeadQuery = { stack: { id: string, name: string, description: string | null, space: string, branch: string, repository: string, projectRoot: string | null, labels: Array<string>, state: StackState, lockedBy: string | null, lockNote: string | null, isDisabled: boolean, deleting: boolean, canWrite: boolean, protectFromDeletion: boolean, managesStateFile: boolean, administrative: boolean, trackedCommitSetBy: string | null, spaceDetails: { id: string, name: string, accessLevel: SpaceAccessLevel }, trackedCommit: { hash: string, message: string } | null, blocker: { id: string, state: RunState, type: RunType, title: string | null, waitingFor: string | null } | null } | null };

export type StackRunFragment = { id: string, type: RunType, state: RunState, title: string | null, createdAt: number, finishedAt: number | null, triggeredBy: string | null, branch: string | null, command: string | null, prioritized: boolean, waitingFor: string | null, commit: { hash: string, message: string } | null, delta: { addCount: number, changeCount: number, deleteCount: number } | null };

export type StackRunsQueryVariables = Exact<{
  id: string;
  before?: string | null | undefined;
}>;


export type StackRunsQuery = { stack: { id: string, runs: Array<{ id: string, type: RunType, state: RunState, title: string | null, createdAt: number, finishedAt: number | null, triggeredBy: string | null, branch: string | null, command: string | null, prioritized: boolean, waitingFor: string | null, commit: { hash: string, message: string } | null, delta: { addCount: number, changeCount: number, deleteCount: number } | null }> } | null };

export type StackProposedRunsQueryVariables = Exact<{
  id: string;
  before?: string | null | undefined;
}>;


export type StackProposedRunsQuery = { stack: { id: string, proposedRuns: Array<{ id: string, type: RunType, state: RunState, title: string | null, createdAt: number, finishedAt: number | null, triggeredBy: string | null, branch: string | null, command: string | null, prioritized: boolean, waitingFor: string | null, commit: { hash: string, message: string } | null, delta: { addCount: number, changeCount: number, deleteCount: number } | null }> } | null };

export type StackTasksQueryVariables = Exact<{
  id: string;
  before?: string | null | undefined;
}>;


export type StackTasksQuery = { stack: { id: string, tasks: Array<{ id: string, type: RunType, state: RunState, title: string | null, createdAt: number, finishedAt: number | null, triggeredBy: string | null, branch: string | null, command: string | null, prioritized: boolean, waitingFor: string | null, commit: { hash: string, message: string } | null, delta: { addCount: number, changeCount: number, deleteCount: number } | null }> } | null };

export type StackSettingsQueryVariables = Exact<{
  id: string;
}>;


export type StackSettingsQuery = { stack: { id: string, name: string, description: string | null, space: string, branch: string, repository: string, repositoryURL: string | null, namespace: string, provider: VcsProvider, projectRoot: string | null, labels: Array<string>, administrative: boolean, autodeploy: boolean, autoretry: boolean, localPreviewEnabled: boolean, protectFromDeletion: boolean, githubActionDeploy: boolean, enableSensitiveOutputUpload: boolean, enableWellKnownSecretMasking: boolean, additionalProjectGlobs: Array<string>, gitSparseCheckoutPaths: Array<string>, runnerImage: string | null, managesStateFile: boolean, terraformVersion: string | null, isDisabled: boolean, trackedCommitSetBy: string | null, beforeInit: Array<string>, afterInit: Array<string>, beforePlan: Array<string>, afterPlan: Array<string>, beforeApply: Array<string>, afterApply: Array<string>, beforePerform: Array<string>, afterPerform: Array<string>, beforeDestroy: Array<string>, afterDestroy: Array<string>, afterRun: Array<string>, workerPool: { id: string, name: string } | null, vcsIntegration: { id: string } | null, vendorConfig:
      | { otVersion: string | null, otWorkflow: OpenTofuWorkflowTool | null, otWorkspace: string | null, otExternal: boolean, otSmart: boolean, otConcise: boolean }
      | { tfVersion: string | null, tfWorkflow: TerraformWorkflowTool | null, tfWorkspace: string | null, tfExternal: boolean, tfSmart: boolean }
      | Record<PropertyKey, never>
     } | null };

export type StackAccessQueryVariables = Exact<{
  id: string;
}>;


export type StackAccessQuery = { stack: { id: string, name: string, state: StackState, cloudAccess: Array<{ runType: RunType, phase: string, cloud: string, access: string, integration: string | null, roleArn: string | null, externalId: string | null, explanation: string, fails: boolean }> } | null };

export type StackVersionsQueryVariables = Exact<{ [key: string]: never; }>;


export type StackVersionsQuery = { terraformVersions: Array<string>, openTofuVersions: Array<string>, workerPools: Array<{ id: string, name: string }> };

export type StackCreateMutationVariables = Exact<{
  input: StackInput;
  manageState: boolean;
  slug?: string | null | undefined;
}>;


export type StackCreateMutation = { stackCreate: { id: string } };

export type StackUpdateMutationVariables = Exact<{
  id: string;
  input: StackInput;
}>;


export type StackUpdateMutation = { stackUpdate: { id: string } };

export type StackDeleteMutationVariables = Exact<{
  id: string;
  destroyResources?: boolean | null | undefined;
}>;


export type StackDeleteMutation = { stackDelete: { id: string, deleting: boolean } | null };

export type StackLockMutationVariables = Exact<{
  id: string;
  note?: string | null | undefined;
}>;


export type StackLockMutation = { stackLock: { id: string } };

export type StackUnlockMutationVariables = Exact<{
  id: string;
}>;


export type StackUnlockMutation = { stackUnlock: { id: string } };

export type StackEnableMutationVariables = Exact<{
  id: string;
}>;


export type StackEnableMutation = { stackEnable: { id: string } | null };

export type StackDisableMutationVariables = Exact<{
  id: string;
}>;


export type StackDisableMutation = { stackDisable: { id: string } | null };

export type StackSetCommitMutationVariables = Exact<{
  id: string;
  sha: string;
}>;


export type StackSetCommitMutation = { stackSetCurrentCommit: { id: string } };

export type StackSyncCommitMutationVariables = Exact<{
  id: string;
}>;


export type StackSyncCommitMutation = { stackSyncCommit: { id: string } };

export type RunTriggerMutationVariables = Exact<{
  stack: string;
  runType?: RunType | null | undefined;
  commitSha?: string | null | undefined;
}>;


export type RunTriggerMutation = { runTrigger: { id: string } };

export type TaskCreateMutationVariables = Exact<{
  stack: string;
  command: string;
  skipInitialization?: boolean | null | undefined;
}>;


export type TaskCreateMutation = { taskCreate: { id: string } };

export type StackStateQueryVariables = Exact<{
  id: string;
  before?: string | null | undefined;
}>;


export type StackStateQuery = { stack: { id: string, managesStateFile: boolean, canWrite: boolean, spaceDetails: { id: string, accessLevel: SpaceAccessLevel }, stateLock: { id: string, holder: string, lockedAt: number, operation: string, phase: string, run: string, who: string } | null, stateVersions: Array<{ id: string, serial: number, author: string, createdAt: number, bytes: number, origin: StateOrigin, phase: string | null, run: string | null, rollbackOf: string | null, toolVersion: string | null, delta: { added: number, changed: number, removed: number, resources: number } | null }>, outputs: Array<{ id: string, description: string | null, sensitive: boolean, value: string | null }> } | null };

export type StateVersionChangesQueryVariables = Exact<{
  id: string;
  version: string;
}>;


export type StateVersionChangesQuery = { stack: { id: string, stateVersion: { id: string, serial: number, changes: Array<{ action: StateChangeAction, address: string }> | null } | null } | null };

export type StateRollbackMutationVariables = Exact<{
  stack: string;
  version: string;
}>;


export type StateRollbackMutation = { stateRollback: { id: string } };

export type StateLockRemoveMutationVariables = Exact<{
  stack: string;
}>;


export type StateLockRemoveMutation = { stateLockRemove: { id: string } };

export type StateDownloadMutationVariables = Exact<{
  input: StateDownloadUrlInput;
}>;


export type StateDownloadMutation = { stateDownloadUrl: { url: string } };

export type WorkerPoolsQueryVariables = Exact<{ [key: string]: never; }>;


export type WorkerPoolsQuery = { workerPools: Array<{ id: string, name: string, description: string | null, space: string, labels: Array<string>, workersCount: number, busyWorkers: number, pendingRuns: number, createdAt: number }>, publicWorkerPool: { searchSchedulableRuns: { edges: Array<{ node: { position: number, stackId: string, run: { id: string, title: string | null, type: RunType, state: RunState, createdAt: number, waitingFor: string | null } } }> } } };

export type WorkerPoolPageQueryVariables = Exact<{
  id: string;
}>;


export type WorkerPoolPageQuery = { workerPool: { id: string, name: string, description: string | null, space: string, labels: Array<string>, createdAt: number, updatedAt: number, workersCount: number, busyWorkers: number, pendingRuns: number, spaceDetails: { id: string, name: string, accessLevel: SpaceAccessLevel }, workers: Array<{ id: string, busy: boolean, drained: boolean, metadata: string }>, searchSchedulableRuns: { edges: Array<{ node: { position: number, stackId: string, run: { id: string, title: string | null, type: RunType, state: RunState, createdAt: number, waitingFor: string | null } } }> } } | null };

export type WorkerPoolCreateMutationVariables = Exact<{
  name: string;
  csr: string;
  space?: string | null | undefined;
  description?: string | null | undefined;
  labels?: Array<string> | string | null | undefined;
}>;


export type WorkerPoolCreateMutation = { workerPoolCreate: { id: string, config: string } };

export type WorkerPoolResetMutationVariables = Exact<{
  id: string;
  csr: string;
}>;


export type WorkerPoolResetMutation = { workerPoolReset: { id: string, config: string } };

export type WorkerPoolConfigQueryVariables = Exact<{
  id: string;
}>;


export type WorkerPoolConfigQuery = { workerPool: { id: string, config: string } | null };

export type WorkerPoolUpdateMutationVariables = Exact<{
  id: string;
  name: string;
  space?: string | null | undefined;
  description?: string | null | undefined;
  labels?: Array<string> | string | null | undefined;
}>;


export type WorkerPoolUpdateMutation = { workerPoolUpdate: { id: string } };

export type WorkerPoolDeleteMutationVariables = Exact<{
  id: string;
}>;


export type WorkerPoolDeleteMutation = { workerPoolDelete: { id: string } | null };

export type WorkerPoolCycleMutationVariables = Exact<{
  id: string;
}>;


export type WorkerPoolCycleMutation = { workerPoolCycle: boolean };

export type WorkerDrainMutationVariables = Exact<{
  pool: string;
  id: string;
  drain: boolean;
}>;


export type WorkerDrainMutation = { workerDrainSet: { id: string } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const AwsVerificationFragmentDoc = new TypedDocumentString(`
    fragment AwsVerification on RoleVerification {
  access
  outcome
  message
  checkedAt
}
    `, {"fragmentName":"AwsVerification"}) as unknown as TypedDocumentString<AwsVerificationFragment, unknown>;
export const AwsAttachmentFragmentDoc = new TypedDocumentString(`
    fragment AwsAttachment on AWSIntegrationStackAttachment {
  id
  read
  write
  stackId
  stackName
  warnings
  verifications {
    ...AwsVerification
  }
}
    fragment AwsVerification on RoleVerification {
  access
  outcome
  message
  checkedAt
}`, {"fragmentName":"AwsAttachment"}) as unknown as TypedDocumentString<AwsAttachmentFragment, unknown>;
export const AwsIntegrationFragmentDoc = new TypedDocumentString(`
    fragment AwsIntegration on AWSIntegration {
  id
  name
  roleArn
  space
  labels
  region
  durationSeconds
  externalId
  generateCredentialsInWorker
  tagAssumeRole
  autoattachEnabled
}
    `, {"fragmentName":"AwsIntegration"}) as unknown as TypedDocumentString<AwsIntegrationFragment, unknown>;
export const ElementFragmentDoc = new TypedDocumentString(`
    fragment Element on ConfigElement {
  id
  type
  value
  writeOnly
  description
  checksum
  createdAt
}
    `, {"fragmentName":"Element"}) as unknown as TypedDocumentString<ElementFragment, unknown>;
export const StackRunFragmentDoc = new TypedDocumentString(`
    fragment StackRun on Run {
  id
  type
  state
  title
  createdAt
  finishedAt
  triggeredBy
  branch
  command
  prioritized
  waitingFor
  commit {
    hash
    message
  }
  delta {
    addCount
    changeCount
    deleteCount
  }
}
    `, {"fragmentName":"StackRun"}) as unknown as TypedDocumentString<StackRunFragment, unknown>;
export const PaletteSearchDocument = new TypedDocumentString(`
    query PaletteSearch($input: SearchInput!) {
  searchStacks(input: $input) {
    edges {
      node {
        id
        name
        space
      }
    }
  }
  awsIntegrations {
    id
    name
  }
}
    `) as unknown as TypedDocumentString<PaletteSearchQuery, PaletteSearchQueryVariables>;
export const ViewerDocument = new TypedDocumentString(`
    query Viewer {
  viewer {
    id
    name
  }
  name
}
    `) as unknown as TypedDocumentString<ViewerQuery, ViewerQueryVariables>;
export const AuditDocument = new TypedDocumentString(`
    query Audit($input: SearchInput!, $from: Int, $until: Int) {
  searchAuditEvents(input: $input, from: $from, until: $until) {
    edges {
      node {
        id
        timestampMs
        actor
        actorName
        action
        targetKind
        targetId
        targetName
        space
        stack
        run
        details
      }
    }
    pageInfo {
      endCursor
      hasNextPage
    }
  }
}
    `) as unknown as TypedDocumentString<AuditQuery, AuditQueryVariables>;
export const AwsIntegrationsDocument = new TypedDocumentString(`
    query AwsIntegrations {
  awsIntegrations {
    ...AwsIntegration
    attachedStacks {
      ...AwsAttachment
    }
    autoattachedStacks {
      stackId
      stackName
      read
      write
      problems
    }
  }
}
    fragment AwsVerification on RoleVerification {
  access
  outcome
  message
  checkedAt
}
fragment AwsAttachment on AWSIntegrationStackAttachment {
  id
  read
  write
  stackId
  stackName
  warnings
  verifications {
    ...AwsVerification
  }
}
fragment AwsIntegration on AWSIntegration {
  id
  name
  roleArn
  space
  labels
  region
  durationSeconds
  externalId
  generateCredentialsInWorker
  tagAssumeRole
  autoattachEnabled
}`) as unknown as TypedDocumentString<AwsIntegrationsQuery, AwsIntegrationsQueryVariables>;
export const AwsIntegrationPageDocument = new TypedDocumentString(`
    query AwsIntegrationPage($id: ID!) {
  awsIntegration(id: $id) {
    ...AwsIntegration
    attachedStacks {
      ...AwsAttachment
    }
    autoattachedStacks {
      stackId
      stackName
      read
      write
      problems
    }
  }
}
    fragment AwsVerification on RoleVerification {
  access
  outcome
  message
  checkedAt
}
fragment AwsAttachment on AWSIntegrationStackAttachment {
  id
  read
  write
  stackId
  stackName
  warnings
  verifications {
    ...AwsVerification
  }
}
fragment AwsIntegration on AWSIntegration {
  id
  name
  roleArn
  space
  labels
  region
  durationSeconds
  externalId
  generateCredentialsInWorker
  tagAssumeRole
  autoattachEnabled
}`) as unknown as TypedDocumentString<AwsIntegrationPageQuery, AwsIntegrationPageQueryVariables>;
export const AwsTrustDocument = new TypedDocumentString(`
    query AwsTrust($id: ID!, $stack: ID!, $read: Boolean!, $write: Boolean!) {
  awsIntegration(id: $id) {
    id
    externalIdForStack(stackId: $stack, read: $read, write: $write) {
      externalId
      assumeRolePolicyStatement
    }
  }
}
    `) as unknown as TypedDocumentString<AwsTrustQuery, AwsTrustQueryVariables>;
export const AwsAccountDocument = new TypedDocumentString(`
    query AwsAccount {
  spaceliftAwsAccountId
}
    `) as unknown as TypedDocumentString<AwsAccountQuery, AwsAccountQueryVariables>;
export const AwsIntegrationCreateDocument = new TypedDocumentString(`
    mutation AwsIntegrationCreate($name: String!, $roleArn: String!, $space: ID, $labels: [String!], $region: String, $durationSeconds: Int, $externalID: String, $generateCredentialsInWorker: Boolean!, $tagAssumeRole: Boolean, $autoattachEnabled: Boolean) {
  awsIntegrationCreate(
    name: $name
    roleArn: $roleArn
    space: $space
    labels: $labels
    region: $region
    durationSeconds: $durationSeconds
    externalID: $externalID
    generateCredentialsInWorker: $generateCredentialsInWorker
    tagAssumeRole: $tagAssumeRole
    autoattachEnabled: $autoattachEnabled
  ) {
    id
    name
  }
}
    `) as unknown as TypedDocumentString<AwsIntegrationCreateMutation, AwsIntegrationCreateMutationVariables>;
export const AwsIntegrationUpdateDocument = new TypedDocumentString(`
    mutation AwsIntegrationUpdate($id: ID!, $name: String!, $roleArn: String!, $space: ID, $labels: [String!], $region: String, $durationSeconds: Int, $externalID: String, $generateCredentialsInWorker: Boolean!, $tagAssumeRole: Boolean, $autoattachEnabled: Boolean) {
  awsIntegrationUpdate(
    id: $id
    name: $name
    roleArn: $roleArn
    space: $space
    labels: $labels
    region: $region
    durationSeconds: $durationSeconds
    externalID: $externalID
    generateCredentialsInWorker: $generateCredentialsInWorker
    tagAssumeRole: $tagAssumeRole
    autoattachEnabled: $autoattachEnabled
  ) {
    id
  }
}
    `) as unknown as TypedDocumentString<AwsIntegrationUpdateMutation, AwsIntegrationUpdateMutationVariables>;
export const AwsIntegrationDeleteDocument = new TypedDocumentString(`
    mutation AwsIntegrationDelete($id: ID!) {
  awsIntegrationDelete(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<AwsIntegrationDeleteMutation, AwsIntegrationDeleteMutationVariables>;
export const AwsIntegrationAttachDocument = new TypedDocumentString(`
    mutation AwsIntegrationAttach($id: ID!, $stack: ID!, $read: Boolean!, $write: Boolean!) {
  awsIntegrationAttach(id: $id, stack: $stack, read: $read, write: $write) {
    ...AwsAttachment
  }
}
    fragment AwsVerification on RoleVerification {
  access
  outcome
  message
  checkedAt
}
fragment AwsAttachment on AWSIntegrationStackAttachment {
  id
  read
  write
  stackId
  stackName
  warnings
  verifications {
    ...AwsVerification
  }
}`) as unknown as TypedDocumentString<AwsIntegrationAttachMutation, AwsIntegrationAttachMutationVariables>;
export const AwsAttachmentUpdateDocument = new TypedDocumentString(`
    mutation AwsAttachmentUpdate($id: ID!, $read: Boolean!, $write: Boolean!) {
  awsIntegrationAttachmentUpdate(id: $id, read: $read, write: $write) {
    ...AwsAttachment
  }
}
    fragment AwsVerification on RoleVerification {
  access
  outcome
  message
  checkedAt
}
fragment AwsAttachment on AWSIntegrationStackAttachment {
  id
  read
  write
  stackId
  stackName
  warnings
  verifications {
    ...AwsVerification
  }
}`) as unknown as TypedDocumentString<AwsAttachmentUpdateMutation, AwsAttachmentUpdateMutationVariables>;
export const AwsIntegrationDetachDocument = new TypedDocumentString(`
    mutation AwsIntegrationDetach($id: ID!) {
  awsIntegrationDetach(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<AwsIntegrationDetachMutation, AwsIntegrationDetachMutationVariables>;
export const AwsVerifyDocument = new TypedDocumentString(`
    mutation AwsVerify($id: ID!, $stack: ID!, $read: Boolean!, $write: Boolean!) {
  awsIntegrationVerify(id: $id, stack: $stack, read: $read, write: $write) {
    ...AwsVerification
  }
}
    fragment AwsVerification on RoleVerification {
  access
  outcome
  message
  checkedAt
}`) as unknown as TypedDocumentString<AwsVerifyMutation, AwsVerifyMutationVariables>;
export const AwsOfStackDocument = new TypedDocumentString(`
    query AwsOfStack($stack: ID!) {
  stack(id: $stack) {
    id
    attachedAwsIntegrations {
      ...AwsAttachment
      integration {
        ...AwsIntegration
      }
    }
    legacyRoleMigration {
      roleArn
      integration
      madeIntegration
      migratedAt
      migratedBy
    }
    integrations {
      aws {
        assumedRoleArn
        externalID
        durationSeconds
        region
        generateCredentialsInWorker
        assumeRolePolicyStatement
      }
    }
  }
}
    fragment AwsVerification on RoleVerification {
  access
  outcome
  message
  checkedAt
}
fragment AwsAttachment on AWSIntegrationStackAttachment {
  id
  read
  write
  stackId
  stackName
  warnings
  verifications {
    ...AwsVerification
  }
}
fragment AwsIntegration on AWSIntegration {
  id
  name
  roleArn
  space
  labels
  region
  durationSeconds
  externalId
  generateCredentialsInWorker
  tagAssumeRole
  autoattachEnabled
}`) as unknown as TypedDocumentString<AwsOfStackQuery, AwsOfStackQueryVariables>;
export const AwsLegacyRoleSetDocument = new TypedDocumentString(`
    mutation AwsLegacyRoleSet($id: ID!, $roleArn: String!, $durationSeconds: Int, $region: String, $externalID: String, $generateCredentialsInWorker: Boolean!) {
  stackIntegrationAwsCreate(
    id: $id
    roleArn: $roleArn
    durationSeconds: $durationSeconds
    region: $region
    externalID: $externalID
    generateCredentialsInWorker: $generateCredentialsInWorker
  ) {
    activated
  }
}
    `) as unknown as TypedDocumentString<AwsLegacyRoleSetMutation, AwsLegacyRoleSetMutationVariables>;
export const AwsLegacyRoleDeleteDocument = new TypedDocumentString(`
    mutation AwsLegacyRoleDelete($id: ID!) {
  stackIntegrationAwsDelete(id: $id) {
    activated
  }
}
    `) as unknown as TypedDocumentString<AwsLegacyRoleDeleteMutation, AwsLegacyRoleDeleteMutationVariables>;
export const AwsMigrationPlanDocument = new TypedDocumentString(`
    query AwsMigrationPlan($stack: ID!) {
  legacyRoleMigrationPlan(stack: $stack) {
    ready
    changes
    missingStatement
    integrationName
    read
    write
    checks {
      access
      externalId
      outcome
      message
    }
  }
}
    `) as unknown as TypedDocumentString<AwsMigrationPlanQuery, AwsMigrationPlanQueryVariables>;
export const AwsMigrateDocument = new TypedDocumentString(`
    mutation AwsMigrate($stack: ID!) {
  legacyRoleMigrate(stack: $stack) {
    integration
  }
}
    `) as unknown as TypedDocumentString<AwsMigrateMutation, AwsMigrateMutationVariables>;
export const AwsMigrationUndoDocument = new TypedDocumentString(`
    mutation AwsMigrationUndo($stack: ID!) {
  legacyRoleMigrationUndo(stack: $stack) {
    activated
  }
}
    `) as unknown as TypedDocumentString<AwsMigrationUndoMutation, AwsMigrationUndoMutationVariables>;
export const StackConfigDocument = new TypedDocumentString(`
    query StackConfig($id: ID!) {
  stack(id: $id) {
    id
    canWrite
    effectiveConfig {
      element {
        ...Element
      }
      context {
        contextId
        contextName
        priority
        isAutoattached
      }
      hides {
        element {
          id
        }
        context {
          contextId
          contextName
        }
      }
    }
  }
}
    fragment Element on ConfigElement {
  id
  type
  value
  writeOnly
  description
  checksum
  createdAt
}`) as unknown as TypedDocumentString<StackConfigQuery, StackConfigQueryVariables>;
export const StackConfigAddDocument = new TypedDocumentString(`
    mutation StackConfigAdd($stack: ID!, $config: ConfigInput!) {
  stackConfigAdd(stack: $stack, config: $config) {
    id
  }
}
    `) as unknown as TypedDocumentString<StackConfigAddMutation, StackConfigAddMutationVariables>;
export const StackConfigDeleteDocument = new TypedDocumentString(`
    mutation StackConfigDelete($stack: ID!, $id: ID!) {
  stackConfigDelete(stack: $stack, id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<StackConfigDeleteMutation, StackConfigDeleteMutationVariables>;
export const ContextConfigAddDocument = new TypedDocumentString(`
    mutation ContextConfigAdd($context: ID!, $config: ConfigInput!) {
  contextConfigAdd(context: $context, config: $config) {
    id
  }
}
    `) as unknown as TypedDocumentString<ContextConfigAddMutation, ContextConfigAddMutationVariables>;
export const ContextConfigDeleteDocument = new TypedDocumentString(`
    mutation ContextConfigDelete($context: ID!, $id: ID!) {
  contextConfigDelete(context: $context, id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<ContextConfigDeleteMutation, ContextConfigDeleteMutationVariables>;
export const ContextsDocument = new TypedDocumentString(`
    query Contexts($input: SearchInput!) {
  searchContexts(input: $input) {
    edges {
      node {
        id
        name
        description
        space
        labels
        updatedAt
        attachedStacks {
          stackId
        }
      }
    }
    pageInfo {
      endCursor
      hasNextPage
    }
  }
}
    `) as unknown as TypedDocumentString<ContextsQuery, ContextsQueryVariables>;
export const ContextPageDocument = new TypedDocumentString(`
    query ContextPage($id: ID!) {
  context(id: $id) {
    id
    name
    description
    space
    labels
    createdAt
    updatedAt
    spaceDetails {
      id
      name
      accessLevel
    }
    config {
      ...Element
    }
    attachedStacks {
      id
      stackId
      stackName
      priority
      isAutoattached
    }
    hooks {
      beforeInit
      afterInit
      beforePlan
      afterPlan
      beforeApply
      afterApply
      beforePerform
      afterPerform
      beforeDestroy
      afterDestroy
      afterRun
    }
  }
}
    fragment Element on ConfigElement {
  id
  type
  value
  writeOnly
  description
  checksum
  createdAt
}`) as unknown as TypedDocumentString<ContextPageQuery, ContextPageQueryVariables>;
export const StackContextsDocument = new TypedDocumentString(`
    query StackContexts($id: ID!) {
  stack(id: $id) {
    id
    spaceDetails {
      id
      accessLevel
    }
    attachedContexts {
      id
      contextId
      contextName
      priority
      isAutoattached
      config {
        id
      }
    }
  }
  contexts {
    id
    name
    space
  }
}
    `) as unknown as TypedDocumentString<StackContextsQuery, StackContextsQueryVariables>;
export const ContextCreateDocument = new TypedDocumentString(`
    mutation ContextCreate($input: ContextInput!) {
  contextCreateV2(input: $input) {
    id
  }
}
    `) as unknown as TypedDocumentString<ContextCreateMutation, ContextCreateMutationVariables>;
export const ContextUpdateDocument = new TypedDocumentString(`
    mutation ContextUpdate($id: ID!, $input: ContextInput!) {
  contextUpdateV2(id: $id, input: $input) {
    id
  }
}
    `) as unknown as TypedDocumentString<ContextUpdateMutation, ContextUpdateMutationVariables>;
export const ContextDeleteDocument = new TypedDocumentString(`
    mutation ContextDelete($id: ID!) {
  contextDelete(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<ContextDeleteMutation, ContextDeleteMutationVariables>;
export const ContextAttachDocument = new TypedDocumentString(`
    mutation ContextAttach($id: ID!, $stack: ID!, $priority: Int!) {
  contextAttach(id: $id, stack: $stack, priority: $priority) {
    id
  }
}
    `) as unknown as TypedDocumentString<ContextAttachMutation, ContextAttachMutationVariables>;
export const ContextDetachDocument = new TypedDocumentString(`
    mutation ContextDetach($id: ID!) {
  contextDetach(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<ContextDetachMutation, ContextDetachMutationVariables>;
export const RunPageDocument = new TypedDocumentString(`
    query RunPage($stack: ID!, $run: ID!) {
  stack(id: $stack) {
    id
    name
    space
    canWrite
    spaceDetails {
      id
      name
    }
    cloudAccess {
      runType
      phase
      cloud
      access
      integration
      roleArn
      explanation
      fails
    }
    run(id: $run) {
      id
      type
      state
      stateVersion
      title
      command
      branch
      triggeredBy
      createdAt
      finishedAt
      finished
      canRetry
      waitingFor
      prioritized
      isMostRecent
      commit {
        hash
        message
        authorName
        timestamp
        url
      }
      delta {
        addCount
        changeCount
        deleteCount
        resources
      }
      history {
        state
        stateVersion
        timestampMs
        username
        note
        hasLogs
        terminal
      }
      credentials {
        id
        phase
        cloud
        access
        outcome
        note
        source
        integration
        integrationName
        roleArn
        externalId
        sessionName
        decidedAt
        issuedAt
        expiresAt
        outlived
      }
    }
  }
}
    `) as unknown as TypedDocumentString<RunPageQuery, RunPageQueryVariables>;
export const RunChangesListDocument = new TypedDocumentString(`
    query RunChangesList($stack: ID!, $run: ID!) {
  stack(id: $stack) {
    id
    run(id: $run) {
      id
      planJson
      changesV3(input: {}) {
        resources {
          address
          previousAddress
          metadata {
            type
          }
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<RunChangesListQuery, RunChangesListQueryVariables>;
export const RunLogDocument = new TypedDocumentString(`
    query RunLog($stack: ID!, $run: ID!, $state: RunState!, $stateVersion: Int!, $token: String) {
  stack(id: $stack) {
    id
    run(id: $run) {
      id
      logs(state: $state, stateVersion: $stateVersion, token: $token) {
        exists
        finished
        hasMore
        nextToken
        messages {
          message
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<RunLogQuery, RunLogQueryVariables>;
export const RunWhereDocument = new TypedDocumentString(`
    query RunWhere($run: ID!) {
  runStack(runId: $run) {
    id
  }
}
    `) as unknown as TypedDocumentString<RunWhereQuery, RunWhereQueryVariables>;
export const SearchRunsDocument = new TypedDocumentString(`
    query SearchRuns($input: SearchInput!) {
  searchRuns(input: $input) {
    edges {
      stackId
      node {
        ...StackRun
      }
    }
    pageInfo {
      endCursor
      hasNextPage
    }
  }
}
    fragment StackRun on Run {
  id
  type
  state
  title
  createdAt
  finishedAt
  triggeredBy
  branch
  command
  prioritized
  waitingFor
  commit {
    hash
    message
  }
  delta {
    addCount
    changeCount
    deleteCount
  }
}`) as unknown as TypedDocumentString<SearchRunsQuery, SearchRunsQueryVariables>;
export const RunConfirmDocument = new TypedDocumentString(`
    mutation RunConfirm($stack: ID!, $run: ID!) {
  runConfirm(stack: $stack, run: $run) {
    id
    state
  }
}
    `) as unknown as TypedDocumentString<RunConfirmMutation, RunConfirmMutationVariables>;
export const RunDiscardDocument = new TypedDocumentString(`
    mutation RunDiscard($stack: ID!, $run: ID!) {
  runDiscard(stack: $stack, run: $run) {
    id
    state
  }
}
    `) as unknown as TypedDocumentString<RunDiscardMutation, RunDiscardMutationVariables>;
export const RunCancelDocument = new TypedDocumentString(`
    mutation RunCancel($stack: ID!, $run: ID!) {
  runCancel(stack: $stack, run: $run) {
    id
    state
  }
}
    `) as unknown as TypedDocumentString<RunCancelMutation, RunCancelMutationVariables>;
export const RunStopDocument = new TypedDocumentString(`
    mutation RunStop($stack: ID!, $run: ID!) {
  runStop(stack: $stack, run: $run) {
    id
    state
  }
}
    `) as unknown as TypedDocumentString<RunStopMutation, RunStopMutationVariables>;
export const RunRetryDocument = new TypedDocumentString(`
    mutation RunRetry($stack: ID!, $run: ID!) {
  runRetry(stack: $stack, run: $run) {
    id
  }
}
    `) as unknown as TypedDocumentString<RunRetryMutation, RunRetryMutationVariables>;
export const RunReplanDocument = new TypedDocumentString(`
    mutation RunReplan($stack: ID!, $run: ID!) {
  runTargetedReplan(stack: $stack, run: $run, targets: []) {
    id
  }
}
    `) as unknown as TypedDocumentString<RunReplanMutation, RunReplanMutationVariables>;
export const RunPrioritizeDocument = new TypedDocumentString(`
    mutation RunPrioritize($stack: ID!, $run: ID!, $prioritize: Boolean!) {
  runPrioritizeSet(stack: $stack, run: $run, prioritize: $prioritize) {
    id
  }
}
    `) as unknown as TypedDocumentString<RunPrioritizeMutation, RunPrioritizeMutationVariables>;
export const ApiKeysDocument = new TypedDocumentString(`
    query ApiKeys {
  apiKeys {
    id
    name
    description
    admin
    creator
    createdAt
    lastUsedAt
    expiresAt
    accessRules {
      space
      spaceAccessLevel
    }
  }
}
    `) as unknown as TypedDocumentString<ApiKeysQuery, ApiKeysQueryVariables>;
export const ApiKeyCreateDocument = new TypedDocumentString(`
    mutation ApiKeyCreate($input: ApiKeyInput!) {
  apiKeyCreate(input: $input) {
    id
    secret
  }
}
    `) as unknown as TypedDocumentString<ApiKeyCreateMutation, ApiKeyCreateMutationVariables>;
export const ApiKeyDeleteDocument = new TypedDocumentString(`
    mutation ApiKeyDelete($id: ID!) {
  apiKeyDelete(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<ApiKeyDeleteMutation, ApiKeyDeleteMutationVariables>;
export const InstallationDocument = new TypedDocumentString(`
    query Installation {
  name
  debugInfo {
    selfHostedVersion
  }
  outgoingIPAddresses
  spaceliftAwsAccountId
}
    `) as unknown as TypedDocumentString<InstallationQuery, InstallationQueryVariables>;
export const SpacesDocument = new TypedDocumentString(`
    query Spaces {
  spaces {
    id
    name
    description
    inheritEntities
    labels
    parentSpace
    accessLevel
  }
}
    `) as unknown as TypedDocumentString<SpacesQuery, SpacesQueryVariables>;
export const SpaceCreateDocument = new TypedDocumentString(`
    mutation SpaceCreate($input: SpaceInput!) {
  spaceCreate(input: $input) {
    id
  }
}
    `) as unknown as TypedDocumentString<SpaceCreateMutation, SpaceCreateMutationVariables>;
export const SpaceUpdateDocument = new TypedDocumentString(`
    mutation SpaceUpdate($space: ID!, $input: SpaceInput!) {
  spaceUpdate(space: $space, input: $input) {
    id
  }
}
    `) as unknown as TypedDocumentString<SpaceUpdateMutation, SpaceUpdateMutationVariables>;
export const SpaceDeleteDocument = new TypedDocumentString(`
    mutation SpaceDelete($space: ID!) {
  spaceDelete(space: $space) {
    id
  }
}
    `) as unknown as TypedDocumentString<SpaceDeleteMutation, SpaceDeleteMutationVariables>;
export const StackListDocument = new TypedDocumentString(`
    query StackList($input: SearchInput!) {
  searchStacks(input: $input) {
    edges {
      node {
        id
        name
        description
        space
        branch
        repository
        projectRoot
        labels
        state
        stateSetAt
        lockedBy
        isDisabled
        deleting
        blocker {
          id
          state
          type
          title
        }
        attachedAwsIntegrations {
          id
          read
          write
          integration {
            id
            name
          }
        }
        integrations {
          aws {
            assumedRoleArn
          }
        }
      }
    }
    pageInfo {
      endCursor
      hasNextPage
    }
  }
}
    `) as unknown as TypedDocumentString<StackListQuery, StackListQueryVariables>;
export const StackNamesDocument = new TypedDocumentString(`
    query StackNames($input: SearchInput!) {
  searchStacks(input: $input) {
    edges {
      node {
        id
        name
        space
      }
    }
    pageInfo {
      endCursor
      hasNextPage
    }
  }
}
    `) as unknown as TypedDocumentString<StackNamesQuery, StackNamesQueryVariables>;
export const StackHeadDocument = new TypedDocumentString(`
    query StackHead($id: ID!) {
  stack(id: $id) {
    id
    name
    description
    space
    spaceDetails {
      id
      name
      accessLevel
    }
    branch
    repository
    projectRoot
    labels
    state
    lockedBy
    lockNote
    isDisabled
    deleting
    canWrite
    protectFromDeletion
    managesStateFile
    administrative
    trackedCommit {
      hash
      message
    }
    trackedCommitSetBy
    blocker {
      id
      state
      type
      title
      waitingFor
    }
  }
}
    `) as unknown as TypedDocumentString<StackHeadQuery, StackHeadQueryVariables>;
export const StackRunsDocument = new TypedDocumentString(`
    query StackRuns($id: ID!, $before: ID) {
  stack(id: $id) {
    id
    runs(before: $before) {
      ...StackRun
    }
  }
}
    fragment StackRun on Run {
  id
  type
  state
  title
  createdAt
  finishedAt
  triggeredBy
  branch
  command
  prioritized
  waitingFor
  commit {
    hash
    message
  }
  delta {
    addCount
    changeCount
    deleteCount
  }
}`) as unknown as TypedDocumentString<StackRunsQuery, StackRunsQueryVariables>;
export const StackProposedRunsDocument = new TypedDocumentString(`
    query StackProposedRuns($id: ID!, $before: ID) {
  stack(id: $id) {
    id
    proposedRuns(before: $before) {
      ...StackRun
    }
  }
}
    fragment StackRun on Run {
  id
  type
  state
  title
  createdAt
  finishedAt
  triggeredBy
  branch
  command
  prioritized
  waitingFor
  commit {
    hash
    message
  }
  delta {
    addCount
    changeCount
    deleteCount
  }
}`) as unknown as TypedDocumentString<StackProposedRunsQuery, StackProposedRunsQueryVariables>;
export const StackTasksDocument = new TypedDocumentString(`
    query StackTasks($id: ID!, $before: ID) {
  stack(id: $id) {
    id
    tasks(before: $before) {
      ...StackRun
    }
  }
}
    fragment StackRun on Run {
  id
  type
  state
  title
  createdAt
  finishedAt
  triggeredBy
  branch
  command
  prioritized
  waitingFor
  commit {
    hash
    message
  }
  delta {
    addCount
    changeCount
    deleteCount
  }
}`) as unknown as TypedDocumentString<StackTasksQuery, StackTasksQueryVariables>;
export const StackSettingsDocument = new TypedDocumentString(`
    query StackSettings($id: ID!) {
  stack(id: $id) {
    id
    name
    description
    space
    branch
    repository
    repositoryURL
    namespace
    provider
    projectRoot
    labels
    administrative
    autodeploy
    autoretry
    localPreviewEnabled
    protectFromDeletion
    githubActionDeploy
    enableSensitiveOutputUpload
    enableWellKnownSecretMasking
    additionalProjectGlobs
    gitSparseCheckoutPaths
    runnerImage
    managesStateFile
    terraformVersion
    isDisabled
    trackedCommitSetBy
    beforeInit
    afterInit
    beforePlan
    afterPlan
    beforeApply
    afterApply
    beforePerform
    afterPerform
    beforeDestroy
    afterDestroy
    afterRun
    workerPool {
      id
      name
    }
    vcsIntegration {
      id
    }
    vendorConfig {
      ... on StackConfigVendorTerraform {
        tfVersion: version
        tfWorkflow: workflowTool
        tfWorkspace: workspace
        tfExternal: externalStateAccessEnabled
        tfSmart: useSmartSanitization
      }
      ... on StackConfigVendorOpenTofu {
        otVersion: version
        otWorkflow: workflowTool
        otWorkspace: workspace
        otExternal: externalStateAccessEnabled
        otSmart: useSmartSanitization
        otConcise: concise
      }
    }
  }
}
    `) as unknown as TypedDocumentString<StackSettingsQuery, StackSettingsQueryVariables>;
export const StackAccessDocument = new TypedDocumentString(`
    query StackAccess($id: ID!) {
  stack(id: $id) {
    id
    name
    state
    cloudAccess {
      runType
      phase
      cloud
      access
      integration
      roleArn
      externalId
      explanation
      fails
    }
  }
}
    `) as unknown as TypedDocumentString<StackAccessQuery, StackAccessQueryVariables>;
export const StackVersionsDocument = new TypedDocumentString(`
    query StackVersions {
  terraformVersions
  openTofuVersions
  workerPools {
    id
    name
  }
}
    `) as unknown as TypedDocumentString<StackVersionsQuery, StackVersionsQueryVariables>;
export const StackCreateDocument = new TypedDocumentString(`
    mutation StackCreate($input: StackInput!, $manageState: Boolean!, $slug: String) {
  stackCreate(input: $input, manageState: $manageState, slug: $slug) {
    id
  }
}
    `) as unknown as TypedDocumentString<StackCreateMutation, StackCreateMutationVariables>;
export const StackUpdateDocument = new TypedDocumentString(`
    mutation StackUpdate($id: ID!, $input: StackInput!) {
  stackUpdate(id: $id, input: $input) {
    id
  }
}
    `) as unknown as TypedDocumentString<StackUpdateMutation, StackUpdateMutationVariables>;
export const StackDeleteDocument = new TypedDocumentString(`
    mutation StackDelete($id: ID!, $destroyResources: Boolean) {
  stackDelete(id: $id, destroyResources: $destroyResources) {
    id
    deleting
  }
}
    `) as unknown as TypedDocumentString<StackDeleteMutation, StackDeleteMutationVariables>;
export const StackLockDocument = new TypedDocumentString(`
    mutation StackLock($id: ID!, $note: String) {
  stackLock(id: $id, note: $note) {
    id
  }
}
    `) as unknown as TypedDocumentString<StackLockMutation, StackLockMutationVariables>;
export const StackUnlockDocument = new TypedDocumentString(`
    mutation StackUnlock($id: ID!) {
  stackUnlock(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<StackUnlockMutation, StackUnlockMutationVariables>;
export const StackEnableDocument = new TypedDocumentString(`
    mutation StackEnable($id: ID!) {
  stackEnable(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<StackEnableMutation, StackEnableMutationVariables>;
export const StackDisableDocument = new TypedDocumentString(`
    mutation StackDisable($id: ID!) {
  stackDisable(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<StackDisableMutation, StackDisableMutationVariables>;
export const StackSetCommitDocument = new TypedDocumentString(`
    mutation StackSetCommit($id: ID!, $sha: String!) {
  stackSetCurrentCommit(id: $id, sha: $sha) {
    id
  }
}
    `) as unknown as TypedDocumentString<StackSetCommitMutation, StackSetCommitMutationVariables>;
export const StackSyncCommitDocument = new TypedDocumentString(`
    mutation StackSyncCommit($id: ID!) {
  stackSyncCommit(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<StackSyncCommitMutation, StackSyncCommitMutationVariables>;
export const RunTriggerDocument = new TypedDocumentString(`
    mutation RunTrigger($stack: ID!, $runType: RunType, $commitSha: String) {
  runTrigger(stack: $stack, runType: $runType, commitSha: $commitSha) {
    id
  }
}
    `) as unknown as TypedDocumentString<RunTriggerMutation, RunTriggerMutationVariables>;
export const TaskCreateDocument = new TypedDocumentString(`
    mutation TaskCreate($stack: ID!, $command: String!, $skipInitialization: Boolean) {
  taskCreate(
    stack: $stack
    command: $command
    skipInitialization: $skipInitialization
  ) {
    id
  }
}
    `) as unknown as TypedDocumentString<TaskCreateMutation, TaskCreateMutationVariables>;
export const StackStateDocument = new TypedDocumentString(`
    query StackState($id: ID!, $before: ID) {
  stack(id: $id) {
    id
    managesStateFile
    canWrite
    spaceDetails {
      id
      accessLevel
    }
    stateLock {
      id
      holder
      lockedAt
      operation
      phase
      run
      who
    }
    stateVersions(before: $before) {
      id
      serial
      author
      createdAt
      bytes
      origin
      phase
      run
      rollbackOf
      toolVersion
      delta {
        added
        changed
        removed
        resources
      }
    }
    outputs {
      id
      description
      sensitive
      value
    }
  }
}
    `) as unknown as TypedDocumentString<StackStateQuery, StackStateQueryVariables>;
export const StateVersionChangesDocument = new TypedDocumentString(`
    query StateVersionChanges($id: ID!, $version: ID!) {
  stack(id: $id) {
    id
    stateVersion(id: $version) {
      id
      serial
      changes {
        action
        address
      }
    }
  }
}
    `) as unknown as TypedDocumentString<StateVersionChangesQuery, StateVersionChangesQueryVariables>;
export const StateRollbackDocument = new TypedDocumentString(`
    mutation StateRollback($stack: ID!, $version: ID!) {
  stateRollback(stack: $stack, version: $version) {
    id
  }
}
    `) as unknown as TypedDocumentString<StateRollbackMutation, StateRollbackMutationVariables>;
export const StateLockRemoveDocument = new TypedDocumentString(`
    mutation StateLockRemove($stack: ID!) {
  stateLockRemove(stack: $stack) {
    id
  }
}
    `) as unknown as TypedDocumentString<StateLockRemoveMutation, StateLockRemoveMutationVariables>;
export const StateDownloadDocument = new TypedDocumentString(`
    mutation StateDownload($input: StateDownloadUrlInput!) {
  stateDownloadUrl(input: $input) {
    url
  }
}
    `) as unknown as TypedDocumentString<StateDownloadMutation, StateDownloadMutationVariables>;
export const WorkerPoolsDocument = new TypedDocumentString(`
    query WorkerPools {
  workerPools {
    id
    name
    description
    space
    labels
    workersCount
    busyWorkers
    pendingRuns
    createdAt
  }
  publicWorkerPool {
    searchSchedulableRuns(input: {first: 50}) {
      edges {
        node {
          position
          stackId
          run {
            id
            title
            type
            state
            createdAt
            waitingFor
          }
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<WorkerPoolsQuery, WorkerPoolsQueryVariables>;
export const WorkerPoolPageDocument = new TypedDocumentString(`
    query WorkerPoolPage($id: ID!) {
  workerPool(id: $id) {
    id
    name
    description
    space
    labels
    createdAt
    updatedAt
    workersCount
    busyWorkers
    pendingRuns
    spaceDetails {
      id
      name
      accessLevel
    }
    workers {
      id
      busy
      drained
      metadata
    }
    searchSchedulableRuns(input: {first: 50}) {
      edges {
        node {
          position
          stackId
          run {
            id
            title
            type
            state
            createdAt
            waitingFor
          }
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<WorkerPoolPageQuery, WorkerPoolPageQueryVariables>;
export const WorkerPoolCreateDocument = new TypedDocumentString(`
    mutation WorkerPoolCreate($name: String!, $csr: String!, $space: ID, $description: String, $labels: [String!]) {
  workerPoolCreate(
    name: $name
    certificateSigningRequest: $csr
    space: $space
    description: $description
    labels: $labels
  ) {
    id
    config
  }
}
    `) as unknown as TypedDocumentString<WorkerPoolCreateMutation, WorkerPoolCreateMutationVariables>;
export const WorkerPoolResetDocument = new TypedDocumentString(`
    mutation WorkerPoolReset($id: ID!, $csr: String!) {
  workerPoolReset(id: $id, certificateSigningRequest: $csr) {
    id
    config
  }
}
    `) as unknown as TypedDocumentString<WorkerPoolResetMutation, WorkerPoolResetMutationVariables>;
export const WorkerPoolConfigDocument = new TypedDocumentString(`
    query WorkerPoolConfig($id: ID!) {
  workerPool(id: $id) {
    id
    config
  }
}
    `) as unknown as TypedDocumentString<WorkerPoolConfigQuery, WorkerPoolConfigQueryVariables>;
export const WorkerPoolUpdateDocument = new TypedDocumentString(`
    mutation WorkerPoolUpdate($id: ID!, $name: String!, $space: ID, $description: String, $labels: [String!]) {
  workerPoolUpdate(
    id: $id
    name: $name
    space: $space
    description: $description
    labels: $labels
  ) {
    id
  }
}
    `) as unknown as TypedDocumentString<WorkerPoolUpdateMutation, WorkerPoolUpdateMutationVariables>;
export const WorkerPoolDeleteDocument = new TypedDocumentString(`
    mutation WorkerPoolDelete($id: ID!) {
  workerPoolDelete(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<WorkerPoolDeleteMutation, WorkerPoolDeleteMutationVariables>;
export const WorkerPoolCycleDocument = new TypedDocumentString(`
    mutation WorkerPoolCycle($id: ID!) {
  workerPoolCycle(id: $id)
}
    `) as unknown as TypedDocumentString<WorkerPoolCycleMutation, WorkerPoolCycleMutationVariables>;
export const WorkerDrainDocument = new TypedDocumentString(`
    mutation WorkerDrain($pool: ID!, $id: ID!, $drain: Boolean!) {
  workerDrainSet(workerPool: $pool, id: $id, drain: $drain) {
    id
  }
}
    `) as unknown as TypedDocumentString<WorkerDrainMutation, WorkerDrainMutationVariables>;