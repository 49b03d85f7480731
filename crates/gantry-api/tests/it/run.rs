//! The documents that the Terraform provider and the CLI send for runs, as they stand on the wire.

use gantry_core::protocol::{Next, PhaseOutcome};
use serde_json::{Value, json};

use crate::client::Client;
use crate::gateway::{HEAD, Worker, stack, trigger};

const CLI_RUN: &str = "{id,branch,canRetry,comments{body,createdAt,username},commit{authorLogin,\
    authorName,hash},createdAt,delta{addCount,changeCount,deleteCount,resources},driftDetection,\
    expired,isMostRecent,needsApproval,state,title,triggeredBy}";

const HISTORY: &str = "query($run:ID!$stack:ID!){stack(id: $stack){run(id: $run){history{state,\
    stateVersion,terminal,timestamp,hasLogs,note,username}}}}";

const LOGS: &str = "query($run:ID!$stack:ID!$state:RunState!$stateVersion:Int!$token:String)\
    {stack(id: $stack){run(id: $run){logs(state: $state, token: $token, stateVersion: \
    $stateVersion){exists,finished,hasMore,messages{message},nextToken}}}}";

const RESOURCE_STATE: &str = "query($runId:ID!$stackId:ID!)\
    {stack(id: $stackId){runResourceState(id: $runId){id,state,finished}}}";

#[tokio::test]
async fn the_command_line_client_follows_a_run() {
    let client = Client::start().await;
    stack(&client).await;
    let worker = Worker::hello(&client).await;
    let id = trigger(&client).await;
    let job = worker.claim().await.unwrap();
    worker.plan(&job).await;
    worker.released(&job).await;

    let variables = json!({ "run": id, "stack": "infra" });
    let history = client.data(HISTORY, variables.clone()).await;
    let history = history["stack"]["run"]["history"].as_array().unwrap();
    let states: Vec<&str> = history
        .iter()
        .map(|visit| visit["state"].as_str().unwrap())
        .collect();
    assert_eq!(
        states,
        [
            "UNCONFIRMED",
            "PLANNING",
            "INITIALIZING",
            "PREPARING",
            "READY",
            "QUEUED"
        ]
    );
    assert_eq!(history[5]["username"], "admin");
    let init = &history[2];
    assert_eq!(init["hasLogs"], true);
    let variables = json!({
        "run": id, "stack": "infra", "state": "INITIALIZING",
        "stateVersion": init["stateVersion"], "token": null
    });
    let page = client.data(LOGS, variables).await;
    let page = &page["stack"]["run"]["logs"];
    assert_eq!(page["messages"], json!([{ "message": "initialised\n" }]));
    assert_eq!(page["finished"], true);
    assert_eq!(page["nextToken"], "12");

    let query =
        format!("query($runId:ID!$stackId:ID!){{stack(id: $stackId){{run(id: $runId){CLI_RUN}}}}}");
    let run = client
        .data(&query, json!({ "runId": id, "stackId": "infra" }))
        .await;
    let run = &run["stack"]["run"];
    assert_eq!(run["commit"]["hash"], HEAD);
    assert_eq!(run["title"], "Add a bucket");
    assert_eq!(run["isMostRecent"], true);
    assert_eq!(run["triggeredBy"], "admin");
    assert_eq!(
        run["delta"],
        json!({ "addCount": 1, "changeCount": 0, "deleteCount": 1, "resources": 1 })
    );

    let changes = "query($run:ID!$stack:ID!){stack(id: $stack){run(id: $run){changesV3(input: { })\
        {resources{address,previousAddress,metadata{type}}}}}}";
    let changes = client
        .data(changes, json!({ "run": id, "stack": "infra" }))
        .await;
    assert_eq!(
        changes["stack"]["run"]["changesV3"],
        json!([{ "resources": [
            { "address": "t.n", "previousAddress": null, "metadata": { "type": "replace" } }
        ] }])
    );
    let json = "query($run:ID!$stack:ID!){stack(id: $stack){run(id: $run){planJson}}}";
    let plan = client
        .data(json, json!({ "run": id, "stack": "infra" }))
        .await;
    let plan = plan["stack"]["run"]["planJson"].as_str().unwrap();
    assert!(plan.starts_with("{\"resource_changes\""), "{plan}");

    let discard = "mutation($run:ID!$stack:ID!){runDiscard(stack: $stack, run: $run){id}}";
    client
        .data(discard, json!({ "run": id, "stack": "infra" }))
        .await;
    let state = client
        .data(RESOURCE_STATE, json!({ "runId": id, "stackId": "infra" }))
        .await;
    assert_eq!(
        state["stack"]["runResourceState"],
        json!({ "id": id, "state": "DISCARDED", "finished": true })
    );
}

#[tokio::test]
async fn lists_of_runs_and_tasks_end_on_an_empty_page() {
    let client = Client::start().await;
    stack(&client).await;
    let run = trigger(&client).await;
    let task = "mutation($command:String!$noinit:Boolean$stack:ID!)\
        {taskCreate(stack: $stack, command: $command, skipInitialization: $noinit){id}}";
    let variables = json!({ "command": "terraform output", "noinit": null, "stack": "infra" });
    let task = client.data(task, variables).await["taskCreate"]["id"].take();
    for (field, expected) in [
        ("runs", json!(run)),
        ("tasks", task),
        ("proposedRuns", Value::Null),
    ] {
        let query = format!(
            "query($before:ID$stackId:ID!){{stack(id: $stackId){{{field}(before: $before){CLI_RUN}}}}}"
        );
        let read = |before: Value| {
            let variables = json!({ "before": before, "stackId": "infra" });
            let (client, query) = (&client, query.clone());
            async move { client.data(&query, variables).await["stack"][field].take() }
        };
        let page = read(Value::Null).await;
        assert_eq!(page[0]["id"], expected, "{field}");
        assert_eq!(read(page[0]["id"].clone()).await, json!([]), "{field}");
    }
    let tasks = "query($before:ID$stackId:ID!){stack(id: $stackId){tasks(before: $before){id,\
        command,commit{hash,url},createdAt,state,triggeredBy,type}}}";
    let tasks = client
        .data(tasks, json!({ "before": null, "stackId": "infra" }))
        .await;
    let task = &tasks["stack"]["tasks"][0];
    assert_eq!(task["command"], "terraform output");
    assert_eq!(
        (&task["type"], &task["state"]),
        (&json!("TASK"), &json!("QUEUED"))
    );
    let blocker = "query($id:ID!){stack(id: $id){state,blocker{id}}}";
    let held = client.data(blocker, json!({ "id": "infra" })).await;
    assert_eq!(
        held["stack"],
        json!({ "state": "READY", "blocker": { "id": run } })
    );
}

#[tokio::test]
async fn what_does_not_exist_is_null_or_an_error_with_other_words() {
    let client = Client::start().await;
    stack(&client).await;
    let of_run = "query($runId:ID!){runStack(runId: $runId){id,name}}";
    let none = client.data(of_run, json!({ "runId": "01NONE" })).await;
    assert_eq!(none["runStack"], Value::Null);
    let run = trigger(&client).await;
    let found = client.data(of_run, json!({ "runId": run })).await;
    assert_eq!(found["runStack"]["id"], "infra");
    let missing = client
        .error(
            RESOURCE_STATE,
            json!({ "runId": "01NONE", "stackId": "infra" }),
        )
        .await;
    assert_eq!(missing, "there is no run `01NONE`");
    let variables = json!({ "run": "01NONE", "stack": "infra" });
    let none = client.data(HISTORY, variables).await;
    assert_eq!(none["stack"]["run"], Value::Null);
}

#[tokio::test]
async fn a_run_has_variables_and_hooks_of_its_own() {
    let client = Client::start().await;
    stack(&client).await;
    let query = "mutation($runType:RunType!$runtimeConfig:RuntimeConfigInput$sha:String$stack:ID!)\
        {runTrigger(stack: $stack, commitSha: $sha, runType: $runType, runtimeConfig: \
        $runtimeConfig){id}}";
    let variables = |config: Value| json!({ "runType": "TRACKED", "runtimeConfig": config, "sha": null, "stack": "infra" });
    for (config, said) in [
        (json!({ "yaml": "stacks: {}" }), "runtimeConfig.yaml"),
        (
            json!({ "yaml": "project_root: a", "projectRoot": "b" }),
            "not both",
        ),
        (
            json!({ "runnerImage": "a/b:c" }),
            "runtimeConfig.runnerImage `a/b:c`",
        ),
        (
            json!({ "environment": [{ "key": "PATH", "value": "/" }] }),
            "reserved",
        ),
    ] {
        let text = client.error(query, variables(config)).await;
        assert!(text.contains(said), "{text}");
    }
    let config = json!({
        "environment": [{ "key": "TF_LOG", "value": "debug" }], "beforeInit": ["echo mine"],
        "afterRun": []
    });
    client.data(query, variables(config)).await;
    let worker = Worker::hello(&client).await;
    let job = worker.claim().await.unwrap();
    let init = worker.prepared(&job).await;
    let set = init.env.iter().find(|variable| variable.name == "TF_LOG");
    assert_eq!(set.unwrap().value.expose(), "debug");
    assert_eq!(init.before, ["echo mine"]);
}

#[tokio::test]
async fn the_mutations_of_the_command_line_client() {
    let client = Client::start().await;
    stack(&client).await;
    let worker = Worker::hello(&client).await;
    let ids = |run: &str| json!({ "run": run, "stack": "infra" });

    let first = trigger(&client).await;
    let second = trigger(&client).await;
    let prioritize = "mutation($prioritize:Boolean!$run:ID!$stack:ID!)\
        {runPrioritizeSet(stack: $stack, run: $run, prioritize: $prioritize){id}}";
    let variables = json!({ "prioritize": true, "run": second, "stack": "infra" });
    client.data(prioritize, variables).await;
    let cancel = "mutation($run:ID!$stack:ID!){runCancel(stack: $stack, run: $run){id}}";
    client.data(cancel, ids(&second)).await;

    let job = worker.claim().await.unwrap();
    worker.plan(&job).await;
    worker.released(&job).await;
    let replan = "mutation($run:ID!$stack:ID!$targets:[String!]!)\
        {runTargetedReplan(stack: $stack, run: $run, targets: $targets){id,state}}";
    let targets = |targets: Value| json!({ "run": first, "stack": "infra", "targets": targets });
    let text = client.error(replan, targets(json!(["t.n"]))).await;
    assert!(text.starts_with("targets:"), "{text}");
    let again = client.data(replan, targets(json!([]))).await;
    assert_eq!(again["runTargetedReplan"]["state"], "REPLAN_REQUESTED");

    let job = worker.claim().await.unwrap();
    let plan = worker.prepared(&job).await;
    let stop = "mutation($note:String$run:ID!$stack:ID!)\
        {runStop(stack: $stack, run: $run, note: $note){id}}";
    let variables = json!({ "note": "enough", "run": first, "stack": "infra" });
    client.data(stop, variables).await;
    let next = worker.finished(&job, &plan, PhaseOutcome::Stopped).await;
    assert!(matches!(next, Next::Release { ended: true, .. }));
    worker.released(&job).await;

    let retry = "mutation($run:ID!$stack:ID!){runRetry(stack: $stack, run: $run){id}}";
    let retried = client.data(retry, ids(&first)).await;
    assert_ne!(retried["runRetry"]["id"], json!(first));

    let all = "mutation($stack:ID!){runDiscardAll(stack: $stack)\
        {discardedRuns{id},failedDiscarding}}";
    let all = client.data(all, json!({ "stack": "infra" })).await;
    assert_eq!(
        all["runDiscardAll"],
        json!({
            "discardedRuns": [{ "id": retried["runRetry"]["id"] }], "failedDiscarding": []
        })
    );
    let text = client.error(cancel, ids(&first)).await;
    assert!(text.contains("is STOPPED and can't be canceled"), "{text}");
}
