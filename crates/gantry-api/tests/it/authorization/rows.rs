//! One row per field. A placeholder in angle brackets is a thing that is made anew for each asking;
//! `world.rs` knows them.

pub struct Row {
    pub field: &'static str,
    pub document: &'static str,
    /// What about it, where a field has several rows.
    pub about: Option<&'static str>,
    /// The placeholder whose value stands in the answer of whoever may see it.
    pub shows: Option<&'static str>,
    /// What whoever may do it hears in the end, because the thing is not in the state for it.
    pub stopped_by: Option<&'static str>,
    /// Nobody gets it; whoever is logged in is told why.
    pub not_served: bool,
}

fn row(field: &'static str, document: &'static str) -> Row {
    Row {
        field,
        document,
        about: None,
        shows: None,
        stopped_by: None,
        not_served: false,
    }
}

impl Row {
    fn about(self, about: &'static str) -> Self {
        Row {
            about: Some(about),
            ..self
        }
    }

    fn shows(self, placeholder: &'static str) -> Self {
        Row {
            shows: Some(placeholder),
            ..self
        }
    }

    fn stopped_by(self, text: &'static str) -> Self {
        Row {
            stopped_by: Some(text),
            ..self
        }
    }

    fn not_served(self) -> Self {
        Row {
            not_served: true,
            ..self
        }
    }
}

#[rustfmt::skip]
pub fn rows() -> Vec<Row> {
    vec![
        // The account.
        row("viewer", "{viewer{id}}"),
        row("name", "{name}"),
        row("tier", "{tier}"),
        row("spaceliftAwsAccountId", "{spaceliftAwsAccountId}"),
        row("outgoingIPAddresses", "{outgoingIPAddresses}"),
        row("debugInfo", "{debugInfo{selfHostedVersion}}"),
        row("terraformVersions", "{terraformVersions}"),
        row("openTofuVersions", "{openTofuVersions}"),
        row("terragruntVersions", "{terragruntVersions}"),
        row("kubectlVersions", "{kubectlVersions}"),
        row("searchAuditEvents", r#"{searchAuditEvents(input: {first: 50, predicates: [{field: "stack", constraint: {stringMatches: ["<stack>"]}}]}){edges{node{stack}}}}"#).shows("<stack>"),

        // Spaces.
        row("space", r#"{space(id: "<space>"){id}}"#),
        row("space", r#"{space(id: "root"){id}}"#).about("`root`, from which it inherits"),
        row("spaces", r#"{spaces{id name}}"#).shows("<space>").about("one below `team`"),
        row("spaceCreate", r#"mutation{spaceCreate(input: {name: "<n>", description: "", inheritEntities: true, parentSpace: "<team>"}){id}}"#),
        row("spaceUpdate", r#"mutation{spaceUpdate(space: "<space>", input: {name: "<n>", description: "", inheritEntities: true, parentSpace: "<team>"}){id}}"#),
        row("spaceDelete", r#"mutation{spaceDelete(space: "<space>"){id}}"#),

        // API keys.
        row("apiKey", r#"{apiKey(id: "<key>"){id}}"#),
        row("apiKeys", r#"{apiKeys{id}}"#),
        row("apiKeyUser", r#"mutation{apiKeyUser(id: "<key>", secret: "<secret>"){jwt}}"#),
        row("signOnUsers", "{signOnUsers{id}}"),
        row("signOnUserLogOut", r#"mutation{signOnUserLogOut(id: "nobody"){id}}"#),
        row("oauthUser", r#"mutation{oauthUser(token: "x"){jwt}}"#).not_served(),
        row("apiKeyCreate", r#"mutation{apiKeyCreate(input: {admin: false, name: "x", teams: []}){id}}"#),
        row("apiKeyUpdate", r#"mutation{apiKeyUpdate(id: "<key>", input: {name: "y"}){id}}"#),
        row("apiKeyAccessSet", r#"mutation{apiKeyAccessSet(id: "<key>", rules: [{space: "<team>", spaceAccessLevel: READ}]){id}}"#),
        row("apiKeyDelete", r#"mutation{apiKeyDelete(id: "<key>"){id}}"#),

        // Integrations.
        row("awsIntegration", r#"{awsIntegration(id: "<integration>"){id}}"#),
        row("awsIntegration", r#"{awsIntegration(id: "<integration of root>"){id}}"#).about("one of `root`"),
        row("awsIntegration", r#"{awsIntegration(id: "<integration>"){externalIdForStack(stackId: "<stack>", read: true, write: true){externalId assumeRolePolicyStatement}}}"#).about("external ID and trust statement for a stack"),
        row("awsIntegration", r#"{awsIntegration(id: "<integration>"){attachedStack(id: "<attached>"){stackId}}}"#).shows("<attached>").about("its attachment to a stack"),
        row("awsIntegration", r#"{awsIntegration(id: "<integration>"){attachedStacks{stackId}}}"#).shows("<attached>").about("the stacks that have it"),
        row("awsIntegrationByName", r#"{awsIntegrationByName(name: "<integration name>"){id}}"#),
        row("awsIntegrations", r#"{awsIntegrations{id}}"#).shows("<integration>"),
        row("searchCloudIntegrations", "{searchCloudIntegrations(input: {first: 50, orderBy: {field: \"createdAt\", direction: DESC}}){edges{node{id}}}}").shows("<integration>"),
        row("awsIntegrationCreate", r#"mutation{awsIntegrationCreate(name: "made <n>", roleArn: "arn:aws:iam::111122223333:role/x", generateCredentialsInWorker: false, space: "<team>"){id}}"#),
        row("awsIntegrationCreate", r#"mutation{awsIntegrationCreate(name: "made <n>", roleArn: "arn:aws:iam::111122223333:role/x", generateCredentialsInWorker: false, space: "<inner>"){id}}"#).about("in `inner`"),
        row("awsIntegrationUpdate", r#"mutation{awsIntegrationUpdate(id: "<integration>", name: "renamed <n>", roleArn: "arn:aws:iam::111122223333:role/x", generateCredentialsInWorker: false){id}}"#),
        row("awsIntegrationDelete", r#"mutation{awsIntegrationDelete(id: "<integration>"){id}}"#),
        row("awsIntegrationAttach", r#"mutation{awsIntegrationAttach(id: "<integration>", stack: "<stack>", read: true, write: true){id}}"#),
        row("awsIntegrationAttach", r#"mutation{awsIntegrationAttach(id: "<integration of root>", stack: "<stack of inner>", read: true, write: true){id}}"#).about("one of `root` to a stack of `inner`"),
        row("awsIntegrationAttachmentUpdate", r#"mutation{awsIntegrationAttachmentUpdate(id: "<attachment>", read: true, write: false){id}}"#),
        row("awsIntegrationVerify", r#"mutation{awsIntegrationVerify(id: "<integration>", stack: "<stack>", read: true, write: true){access}}"#),
        row("awsIntegrationDetach", r#"mutation{awsIntegrationDetach(id: "<attachment>"){id}}"#),
        row("stackIntegrationAwsCreate", r#"mutation{stackIntegrationAwsCreate(id: "<stack>", roleArn: "arn:aws:iam::111122223333:role/x", generateCredentialsInWorker: false){activated}}"#),
        row("stackIntegrationAwsDelete", r#"mutation{stackIntegrationAwsDelete(id: "<stack>"){activated}}"#),
        row("legacyRoleMigrationPlan", r#"{legacyRoleMigrationPlan(stack: "<stack with role>"){ready}}"#),
        row("legacyRoleMigrate", r#"mutation{legacyRoleMigrate(stack: "<stack with role>"){stack}}"#),
        row("legacyRoleMigrationUndo", r#"mutation{legacyRoleMigrationUndo(stack: "<migrated stack>"){activated}}"#),

        // Stacks.
        row("stack", r#"{stack(id: "<stack>"){id}}"#),
        row("stack", r#"{stack(id: "<stack of root>"){id}}"#).about("one of `root`"),
        row("stack", r#"{stack(id: "<stack of inner>"){id}}"#).about("one of `inner`"),
        row("stack", r#"{stack(id: "<stack>"){config{value}}}"#).shows("<variable>").about("the value of a plain variable"),
        row("stack", r#"{stack(id: "<stack>"){config{value}}}"#).shows("<secret variable>").about("the value of a write-only variable"),
        row("stack", r#"{stack(id: "<stack>"){config{checksum}}}"#).shows("<secret checksum>").about("the plain checksum of a write-only variable"),
        row("stacks", "{stacks{id}}").shows("<stack>"),
        row("searchStacks", "{searchStacks(input: {first: 50}){edges{node{id}}}}").shows("<stack>"),
        row("searchRuns", "{searchRuns(input: {first: 50}){edges{stackId}}}").shows("<stack of run>"),
        row("stackCreate", "mutation{stackCreate(input: <input>, manageState: false){id}}"),
        row("stackUpdate", r#"mutation{stackUpdate(id: "<stack>", input: <input>){id}}"#),
        row("stackUpdate", r#"mutation{stackUpdate(id: "<stack>", input: <input of inner>){id}}"#).about("moving it to `inner`"),
        row("stackDelete", r#"mutation{stackDelete(id: "<stack>"){id}}"#),
        row("stackDelete", r#"mutation{stackDelete(id: "<stack>", destroyResources: true){id}}"#).about("with its resources"),
        row("stackDisable", r#"mutation{stackDisable(id: "<stack>"){id}}"#),
        row("stackEnable", r#"mutation{stackEnable(id: "<stack>"){id}}"#),
        row("stackLock", r#"mutation{stackLock(id: "<stack>"){id}}"#),
        row("stackUnlock", r#"mutation{stackUnlock(id: "<stack>"){id}}"#).about("one that is not locked"),
        row("stackUnlock", r#"mutation{stackUnlock(id: "<locked stack>"){id}}"#).about("one that somebody else locked"),
        row("stackSetCurrentCommit", r#"mutation{stackSetCurrentCommit(id: "<stack>", sha: "<commit>"){id}}"#),
        row("stackSyncCommit", r#"mutation{stackSyncCommit(id: "<stack>"){id}}"#),
        row("stackConfigAdd", r#"mutation{stackConfigAdd(stack: "<stack>", config: {id: "A", type: ENVIRONMENT_VARIABLE, value: "x", writeOnly: false}){id}}"#),
        row("stackConfigDelete", r#"mutation{stackConfigDelete(stack: "<stack>", id: "PLAIN"){id}}"#),

        // Contexts.
        row("context", r#"{context(id: "<context>"){id}}"#),
        row("context", r#"{context(id: "<context of root>"){id}}"#).about("one of `root`"),
        row("context", r#"{context(id: "<context>"){config{value}}}"#).shows("<variable>").about("the value of a plain variable"),
        row("context", r#"{context(id: "<context>"){config{value}}}"#).shows("<secret variable>").about("the value of a write-only variable"),
        row("context", r#"{context(id: "<context>"){config{checksum}}}"#).shows("<secret checksum>").about("the plain checksum of a write-only variable"),
        row("context", r#"{context(id: "<context>"){attachedStacks{stackId}}}"#).shows("<stack with context>").about("a stack that has it"),
        row("contexts", "{contexts{id}}").shows("<context>"),
        row("searchContexts", "{searchContexts(input: {first: 50}){edges{node{id}}}}").shows("<context>"),
        row("contextCreateV2", r#"mutation{contextCreateV2(input: {name: "made <n>", space: "<team>"}){id}}"#),
        row("contextUpdateV2", r#"mutation{contextUpdateV2(id: "<context>", input: {name: "renamed <n>"}){id}}"#),
        row("contextUpdateV2", r#"mutation{contextUpdateV2(id: "<context of root>", input: {name: "renamed <n>"}){id}}"#).about("one of `root`"),
        row("contextDelete", r#"mutation{contextDelete(id: "<context>"){id}}"#),
        row("contextAttach", r#"mutation{contextAttach(id: "<context>", stack: "<stack>", priority: 1){id}}"#),
        row("contextAttach", r#"mutation{contextAttach(id: "<context of root>", stack: "<stack of inner>", priority: 1){id}}"#).about("one of `root` to a stack of `inner`"),
        row("contextDetach", r#"mutation{contextDetach(id: "<context attachment>"){id}}"#),
        row("contextConfigAdd", r#"mutation{contextConfigAdd(context: "<context>", config: {id: "A", type: ENVIRONMENT_VARIABLE, value: "x", writeOnly: false}){id}}"#),
        row("contextConfigDelete", r#"mutation{contextConfigDelete(context: "<context>", id: "PLAIN"){id}}"#),

        // Worker pools.
        row("workerPool", r#"{workerPool(id: "<worker pool>"){id config}}"#),
        row("workerPool", r#"{workerPool(id: "<worker pool of root>"){id config}}"#).about("one of `root`"),
        row("workerPool", r#"{workerPool(id: "<worker pool>"){searchSchedulableRuns(input: {first: 50}){edges{node{stackId}}}}}"#).shows("<stack that waits>").about("a stack that waits for it"),
        row("workerPools", "{workerPools{id}}").shows("<worker pool>"),
        row("searchWorkerPools", "{searchWorkerPools(input: {first: 50}){edges{node{id}}}}").shows("<worker pool>"),
        row("publicWorkerPool", "{publicWorkerPool{searchSchedulableRuns(input: {first: 1}){pageInfo{hasNextPage}}}}"),
        row("workerPoolCreate", r#"mutation{workerPoolCreate(name: "made <n>", certificateSigningRequest: "<request>", space: "<team>"){id}}"#),
        row("workerPoolUpdate", r#"mutation{workerPoolUpdate(id: "<worker pool>", name: "renamed <n>"){id}}"#),
        row("workerPoolUpdate", r#"mutation{workerPoolUpdate(id: "<worker pool of root>", name: "renamed <n>"){id}}"#).about("one of `root`"),
        row("workerPoolReset", r#"mutation{workerPoolReset(id: "<worker pool>", certificateSigningRequest: "<request>"){id}}"#),
        row("workerPoolCycle", r#"mutation{workerPoolCycle(id: "<worker pool>")}"#),
        row("workerPoolDelete", r#"mutation{workerPoolDelete(id: "<worker pool>"){id}}"#),
        row("workerDrainSet", r#"mutation{workerDrainSet(workerPool: "<worker pool>", id: "nobody", drain: true){id}}"#).stopped_by("there is no worker `nobody`"),

        // State.
        row("stateUploadUrl", "mutation{stateUploadUrl{objectId}}"),
        row("stateDownloadUrl", r#"mutation{stateDownloadUrl(input: {stackId: "<managed stack>"}){url}}"#),
        row("stateRollback", r#"mutation{stateRollback(stack: "<managed stack>", version: "<state version>"){id}}"#).stopped_by("is the current state of"),
        row("stateLockRemove", r#"mutation{stateLockRemove(stack: "<managed stack>"){id}}"#),
        row("stack", r#"{stack(id: "<managed stack>"){stateVersions{id}}}"#).shows("<state version>").about("the versions of its state"),
        row("stack", r#"{stack(id: "<managed stack>"){entities{vendor{... on EntityVendorTerraform{terraform{... on TerraformOutput{value}}}}}}}"#).shows("<output>").about("the value of an output"),
        row("stack", r#"{stack(id: "<managed stack>"){entities{vendor{... on EntityVendorTerraform{terraform{... on TerraformOutput{value}}}}}}}"#).shows("<secret output>").about("the value of an output that is marked as sensitive"),
        row("stack", r#"{stack(id: "<managed stack>"){entities{vendor{... on EntityVendorTerraform{terraform{... on TerraformResource{values}}}}}}}"#).shows("<attribute>").about("an attribute of a resource"),
        row("stack", r#"{stack(id: "<managed stack>"){entities{vendor{... on EntityVendorTerraform{terraform{... on TerraformResource{values}}}}}}}"#).shows("<secret attribute>").about("an attribute of a resource that is marked as sensitive"),

        // Runs.
        row("runStack", r#"{runStack(runId: "<run>"){id}}"#),
        row("stack", r#"{stack(id: "<stack of run>"){run(id: "<run>"){id}}}"#).shows("<run>").about("a run of it"),
        row("stack", r#"{stack(id: "<stack of planned run>"){run(id: "<planned run>"){planJson}}}"#).shows("resource_changes").about("the JSON of a run's plan"),
        row("runTrigger", r#"mutation{runTrigger(stack: "<stack>"){id}}"#),
        row("runTrigger", r#"mutation{runTrigger(stack: "<stack>", runType: PROPOSED){id}}"#).about("a proposed one"),
        row("taskCreate", r#"mutation{taskCreate(stack: "<stack>", command: "true"){id}}"#),
        row("runConfirm", r#"mutation{runConfirm(stack: "<stack of planned run>", run: "<planned run>"){id}}"#),
        row("runDiscard", r#"mutation{runDiscard(stack: "<stack of planned run>", run: "<planned run>"){id}}"#),
        row("runDiscardAll", r#"mutation{runDiscardAll(stack: "<stack of run>"){discardedRuns{id}}}"#),
        row("runCancel", r#"mutation{runCancel(stack: "<stack of run>", run: "<run>"){id}}"#),
        row("runStop", r#"mutation{runStop(stack: "<stack of working run>", run: "<working run>"){id}}"#),
        row("runRetry", r#"mutation{runRetry(stack: "<stack of canceled run>", run: "<canceled run>"){id}}"#),
        row("runPrioritizeSet", r#"mutation{runPrioritizeSet(stack: "<stack of run>", run: "<run>", prioritize: true){id}}"#),
        row("runTargetedReplan", r#"mutation{runTargetedReplan(stack: "<stack of planned run>", run: "<planned run>", targets: []){id}}"#),
    ]
}
