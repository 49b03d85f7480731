//! The documents that the Terraform provider and the CLI send for stacks, as they stand on the
//! wire.

use serde_json::{Value, json};

use crate::client::Client;

const INTEGRATIONS: &str = "integrations{aws{assumedRoleArn,assumeRolePolicyStatement,externalID,\
    generateCredentialsInWorker,durationSeconds,region},driftDetection{ignoreState,reconcile,\
    schedule,timezone},gcp{serviceAccountEmail,tokenScopes},webhooks{id,enabled,endpoint,secret,\
    retryOnFailure}}";

const VENDOR: &str = "vendorConfig{__typename,... on StackConfigVendorAnsible{playbook},... on \
    StackConfigVendorCloudFormation{entryTemplateFile,region,stackName,templateBucket},... on \
    StackConfigVendorKubernetes{namespace,kubectlVersion,kubernetesWorkflowTool},... on \
    StackConfigVendorOpenTofu{concise,externalStateAccessEnabled,useSmartSanitization,version,\
    openTofuWorkflowTool:workflowTool,workspace},... on StackConfigVendorPulumi{loginURL,\
    stackName},... on StackConfigVendorTerraform{useSmartSanitization,version,workflowTool,\
    workspace,externalStateAccessEnabled},... on StackConfigVendorTerragrunt{terraformVersion,\
    terragruntVersion,useRunAll,useSmartSanitization,useStateManagement,\
    prefixResourceNamesWithModuleName,skipReplanWhenRunAll,skipReplan,tool}}";

fn provider_stack() -> String {
    format!(
        "{{id,administrative,afterApply,afterDestroy,afterInit,afterPerform,afterPlan,afterRun,\
         autodeploy,autoretry,beforeApply,beforeDestroy,beforeInit,beforePerform,beforePlan,branch,\
         deleting,description,isDisabled,githubActionDeploy,{INTEGRATIONS},labels,\
         localPreviewEnabled,enableWellKnownSecretMasking,enableSensitiveOutputUpload,\
         managesStateFile,name,namespace,projectRoot,additionalProjectGlobs,\
         gitSparseCheckoutPaths,protectFromDeletion,provider,repository,repositoryURL,runnerImage,\
         space,spaceDetails{{id,description,name,inheritEntities,parentSpace,labels}},\
         terraformVersion,vcsIntegration{{id,isDefault}},{VENDOR},workerPool{{id}}}}"
    )
}

const CLI_STACK: &str = "{id,administrative,autodeploy,autoretry,blocker{id},afterApply,\
    beforeApply,afterInit,beforeInit,afterPlan,beforePlan,afterPerform,beforePerform,afterDestroy,\
    beforeDestroy,branch,canWrite,createdAt,deleted,deleting,description,labels,\
    localPreviewEnabled,lockedBy,managesStateFile,name,namespace,projectRoot,provider,repository,\
    runnerImage,starred,state,stateSetAt,terraformVersion,spaceDetails{id,name,description,\
    parentSpace},trackedCommit{authorLogin,authorName,hash,message,timestamp,url},\
    trackedCommitSetBy,vendorConfig{__typename},workerPool{id,name}}";

/// What `stack show` adds to it.
const SHOWN: &str = "{id,attachedContexts{contextId,contextName,priority,config{id,checksum,\
    runtime,type,writeOnly}},attachedPolicies{policyId,policyName,policyType},config{id,checksum,\
    runtime,type,writeOnly},moduleVersionsUsed{id,number,module{id,name,owner}},\
    additionalProjectGlobs,vendorConfig{__typename,... on StackConfigVendorOpenTofu{version,\
    workspace,useSmartSanitization,externalStateAccessEnabled,concise,\
    openTofuWorkflowTool:workflowTool},... on StackConfigVendorTerraform{version,workspace,\
    useSmartSanitization,externalStateAccessEnabled,terraformWorkflowTool:workflowTool}}}";

const CREATE: &str = "mutation($input:StackInput!$manageState:Boolean!$slug:String$stackObjectID:\
    String){stackCreate(input: $input, manageState: $manageState, stackObjectID: $stackObjectID, \
    slug: $slug)";

/// What the provider sends for a stack with a name, a branch and a `raw_git` block: every member,
/// `null` where nothing is set.
const INPUT: &str = r#"{
    "administrative": false, "afterApply": [], "afterDestroy": [], "afterInit": [],
    "afterPerform": [], "afterPlan": [], "afterRun": [], "autodeploy": false, "autoretry": false,
    "beforeApply": [], "beforeDestroy": [], "beforeInit": [], "beforePerform": [],
    "beforePlan": [], "branch": "main", "description": null, "githubActionDeploy": true,
    "labels": null, "localPreviewEnabled": false, "enableWellKnownSecretMasking": false,
    "enableSensitiveOutputUpload": true, "name": "", "namespace": "acme", "projectRoot": null,
    "additionalProjectGlobs": null, "gitSparseCheckoutPaths": null,
    "protectFromDeletion": false, "provider": "GIT", "repository": "infra",
    "repositoryURL": "", "runnerImage": null, "space": null, "vcsIntegrationId": null,
    "workerPool": null,
    "vendorConfig": {
        "ansible": null, "cloudFormation": null, "kubernetes": null, "opentofu": null,
        "pulumi": null, "terragrunt": null,
        "terraform": {
            "externalStateAccessEnabled": false, "useSmartSanitization": false,
            "version": null, "workflowTool": null, "workspace": null
        }
    }
}"#;

pub fn provider_input(client: &Client, name: &str) -> Value {
    let mut input: Value = serde_json::from_str(INPUT).unwrap();
    input["name"] = json!(name);
    input["repositoryURL"] = json!(client.repository());
    input
}

pub async fn create(client: &Client, input: Value) -> Value {
    let query = format!("{CREATE}{}}}", provider_stack());
    let variables = json!({
        "input": input, "manageState": false, "slug": null, "stackObjectID": null
    });
    client.data(&query, variables).await["stackCreate"].take()
}

#[tokio::test]
async fn a_stack_lives_as_the_provider_wants_it_to() {
    let client = Client::start().await;
    let input = provider_input(&client, "My infra");
    let made = create(&client, input.clone()).await;
    assert_eq!(made["id"], "my-infra");
    assert_eq!(made["space"], "legacy");
    assert_eq!(made["spaceDetails"]["parentSpace"], "root");
    assert_eq!(made["labels"], json!([]));
    assert_eq!(made["description"], Value::Null);
    let vendor = json!({
        "__typename": "StackConfigVendorTerraform", "useSmartSanitization": false,
        "version": null, "workflowTool": "TERRAFORM_FOSS", "workspace": null,
        "externalStateAccessEnabled": false
    });
    assert_eq!(made["vendorConfig"], vendor);
    for part in ["aws", "driftDetection", "gcp", "webhooks"] {
        assert!(!made["integrations"][part].is_null(), "{part}");
    }

    let read = format!("query($id:ID!){{stack(id: $id){}}}", provider_stack());
    let id = json!({ "id": "my-infra" });
    assert_eq!(client.data(&read, id.clone()).await["stack"], made);
    let other = client.data(&read, json!({ "id": "My-Infra" })).await;
    assert_eq!(other, json!({ "stack": null }));

    // A second apply with a change, and what was set before is cleared by null.
    let mut changed = input.clone();
    changed["labels"] = json!(["b", "a"]);
    changed["beforePlan"] = json!(["echo"]);
    changed["space"] = json!("legacy");
    changed["vendorConfig"]["terraform"] = Value::Null;
    changed["vendorConfig"]["opentofu"] = json!({
        "concise": null, "externalStateAccessEnabled": null, "useSmartSanitization": true,
        "version": null, "workflowTool": null, "workspace": null
    });
    let update = format!(
        "mutation($id:ID!$input:StackInput!){{stackUpdate(id: $id, input: $input){}}}",
        provider_stack()
    );
    let variables = json!({ "id": "my-infra", "input": changed });
    let answer = client.data(&update, variables).await;
    assert_eq!(answer["stackUpdate"]["labels"], json!(["b", "a"]));
    assert_eq!(
        answer["stackUpdate"]["vendorConfig"]["openTofuWorkflowTool"],
        "OPENTOFU"
    );
    let answer = client
        .data(&update, json!({ "id": "my-infra", "input": input }))
        .await;
    assert_eq!(answer["stackUpdate"], made);

    let delete = format!(
        "mutation($id:ID!){{stackDelete(id: $id){}}}",
        provider_stack()
    );
    let answer = client.data(&delete, id.clone()).await;
    assert_eq!(answer["stackDelete"]["deleting"], true);
    client.app.finish_deletions().await.unwrap();
    assert_eq!(client.data(&read, id).await, json!({ "stack": null }));
}

#[tokio::test]
async fn the_command_line_client_reads_changes_and_finds_a_stack() {
    let client = Client::start().await;
    create(&client, provider_input(&client, "Infra")).await;
    let stack = json!({ "stack": "infra" });

    let read = format!("query($id:ID!){{stack(id: $id){CLI_STACK}}}");
    let answer = client.data(&read, json!({ "id": "infra" })).await;
    let shown = &answer["stack"];
    assert_eq!(shown["state"], "NONE");
    assert_eq!(
        (&shown["canWrite"], &shown["deleted"]),
        (&json!(true), &json!(false))
    );
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    assert!(
        (now - shown["createdAt"].as_i64().unwrap()).abs() < 60,
        "{shown}"
    );
    let read = format!("query($id:ID!){{stack(id: $id){SHOWN}}}");
    let answer = client.data(&read, json!({ "id": "infra" })).await;
    assert_eq!(
        answer["stack"]["vendorConfig"]["terraformWorkflowTool"],
        "TERRAFORM_FOSS"
    );

    let page = format!(
        "query($input:SearchInput!){{searchStacks(input: $input){{edges{{node{CLI_STACK}}},\
         pageInfo{{endCursor,hasNextPage,hasPreviousPage}}}}}}"
    );
    let input = json!({ "input": {
        "first": 50, "after": null, "fullTextSearch": null, "orderBy": null,
        "predicates": [{
            "field": "repository", "exclude": false,
            "constraint": {
                "booleanEquals": null, "enumEquals": null, "stringMatches": ["acme/infra"]
            }
        }]
    }});
    let found = client.data(&page, input).await["searchStacks"].take();
    assert_eq!(found["edges"][0]["node"]["id"], "infra");
    assert_eq!(found["pageInfo"]["hasNextPage"], false);

    let lock = "mutation($note:String!$stack:ID!){stackLock(id: $stack, note: $note){id}}";
    let noted = json!({ "stack": "infra", "note": "look" });
    client.data(lock, noted).await;
    let locked = "query($stack:ID!){stack(id: $stack){lockedBy,lockNote}}";
    let answer = client.data(locked, stack.clone()).await;
    assert_eq!(
        answer["stack"],
        json!({ "lockedBy": "admin", "lockNote": "look" })
    );
    let unlock = "mutation($stack:ID!){stackUnlock(id: $stack){id,lockedBy}}";
    let answer = client.data(unlock, stack.clone()).await;
    assert_eq!(answer["stackUnlock"]["lockedBy"], Value::Null);

    for (name, disabled) in [("stackDisable", true), ("stackEnable", false)] {
        let switch = format!("mutation($stack:ID!){{{name}(id: $stack){{id,isDisabled}}}}");
        let answer = client.data(&switch, stack.clone()).await;
        assert_eq!(answer[name]["isDisabled"], disabled);
    }
}

#[tokio::test]
async fn the_environment_is_set_listed_and_removed() {
    let client = Client::start().await;
    create(&client, provider_input(&client, "Infra")).await;
    let add = "mutation($config:ConfigInput!$stack:ID!){stackConfigAdd(stack: $stack, config: \
               $config){id,checksum,type,value,writeOnly,description}}";
    let secret = json!({ "stack": "infra", "config": {
        "id": "TOKEN", "type": "ENVIRONMENT_VARIABLE", "value": "hush", "writeOnly": true,
        "description": ""
    }});
    let added = client.data(add, secret).await["stackConfigAdd"].take();
    let expected = json!({
        "id": "TOKEN", "type": "ENVIRONMENT_VARIABLE", "value": null, "writeOnly": true,
        "description": null,
        "checksum": "dc8331bcb2283e89d275a1c2fe66f7bf5ac3163ec1967f149dd7e27906365f0c"
    });
    assert_eq!(added, expected, "the checksum is the SHA-256 of the value");
    // The CLI leaves the description out.
    let plain = json!({ "stack": "infra", "config": {
        "id": "REGION", "type": "ENVIRONMENT_VARIABLE", "value": "eu", "writeOnly": false
    }});
    client.data(add, plain).await;

    let list = "query($stack:ID!){stack(id: $stack){runtimeConfig{context{id,contextName},element\
                {id,checksum,createdAt,runtime,type,value,writeOnly}},attachedContexts{contextId,\
                contextName,priority,isAutoattached,config{id,checksum,createdAt,runtime,type,\
                value,writeOnly}}}}";
    let answer = client.data(list, json!({ "stack": "infra" })).await;
    let elements = answer["stack"]["runtimeConfig"].as_array().unwrap();
    let shown: Vec<_> = elements
        .iter()
        .map(|element| (&element["element"]["id"], &element["element"]["value"]))
        .collect();
    assert_eq!(
        shown,
        [
            (&json!("REGION"), &json!("eu")),
            (&json!("TOKEN"), &Value::Null)
        ]
    );
    let one = "query($stack:ID!$id:ID!){stack(id: $stack){configElement(id: $id){id,checksum,type,\
               value,writeOnly,description}}}";
    let answer = client
        .data(one, json!({ "stack": "infra", "id": "TOKEN" }))
        .await;
    assert_eq!(answer["stack"]["configElement"], added);

    let delete = "mutation($id:ID!$stack:ID!){stackConfigDelete(stack: $stack, id: $id){id}}";
    let variables = json!({ "stack": "infra", "id": "TOKEN" });
    let answer = client.data(delete, variables.clone()).await;
    assert_eq!(answer["stackConfigDelete"]["id"], "TOKEN");
    let answer = client.data(delete, variables).await;
    assert_eq!(answer, json!({ "stackConfigDelete": null }));

    let mounted = json!({ "stack": "infra", "config": {
        "id": "a/b", "type": "FILE_MOUNT", "value": "", "writeOnly": false
    }});
    let added = client.data(add, mounted).await["stackConfigAdd"].take();
    assert_eq!(
        (&added["type"], &added["value"]),
        (&json!("FILE_MOUNT"), &json!(""))
    );
}

#[tokio::test]
async fn refusals_tell_the_whole_story_in_the_first_message() {
    let client = Client::start().await;
    let input = provider_input(&client, "Infra");
    let query = format!("{CREATE}{{id}}}}");
    let sent = |input: Value, manage_state: bool| {
        json!({
            "input": input, "manageState": manage_state, "slug": null, "stackObjectID": null
        })
    };
    let mut with_workspace = input.clone();
    with_workspace["vendorConfig"]["terraform"]["workspace"] = json!("prod");
    let refused = client.error(&query, sent(with_workspace, true)).await;
    assert!(
        refused.starts_with("vendorConfig.terraform.workspace `prod`"),
        "{refused}"
    );

    let mut two = input.clone();
    two["vendorConfig"]["ansible"] = json!({ "playbook": "x" });
    let refused = client.error(&query, sent(two, false)).await;
    assert!(refused.contains("exactly one member"), "{refused}");

    let mut ansible = input.clone();
    ansible["vendorConfig"]["ansible"] = json!({ "playbook": "x" });
    ansible["vendorConfig"]["terraform"] = Value::Null;
    let refused = client.error(&query, sent(ansible, false)).await;
    assert!(refused.starts_with("vendorConfig.ansible: "), "{refused}");

    let mut odd = input;
    odd["provider"] = json!("SVN");
    let refused = client.error(&query, sent(odd, false)).await;
    assert!(refused.contains("SVN"), "{refused}");

    let gone = "mutation($stack:ID!){stackUnlock(id: $stack){id}}";
    let refused = client.error(gone, json!({ "stack": "gone" })).await;
    assert_eq!(refused, "there is no stack `gone`");
    let answer = client.data("{stacks{id}}", json!({})).await;
    assert_eq!(answer, json!({ "stacks": [] }));
}
