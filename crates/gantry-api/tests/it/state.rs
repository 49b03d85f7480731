//! State over HTTP as the tool's backend asks for it, signed links, and what the API tells of it.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use gantry_core::protocol::{Job, Next, PhaseOutcome, PhaseStart};
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use crate::client::Client;
use crate::gateway::Worker;

/// The HTTP backend of a tool in a phase of a run.
struct Tool<'a> {
    client: &'a Client,
    worker: Worker,
    job: Job,
    start: PhaseStart,
}

const TASK: &str = "mutation($stack:ID!$command:String!){taskCreate(stack: $stack, \
                    command: $command, skipInitialization: true){id}}";

async fn managed(client: &Client) {
    let input = crate::stack::provider_input(client, "infra");
    let create = "mutation($input:StackInput!){stackCreate(input: $input, manageState: true)\
                  {id managesStateFile}}";
    let made = client.data(create, json!({ "input": input })).await;
    assert_eq!(made["stackCreate"]["managesStateFile"], true);
}

impl<'a> Tool<'a> {
    async fn performing(client: &'a Client) -> Tool<'a> {
        let worker = Worker::hello(client).await;
        client
            .data(TASK, json!({ "stack": "infra", "command": "true" }))
            .await;
        let job = worker.claim().await.unwrap();
        let start = worker.prepared(&job).await;
        Tool {
            client,
            worker,
            job,
            start,
        }
    }

    async fn initializing(client: &'a Client) -> Tool<'a> {
        let worker = Worker::hello(client).await;
        crate::gateway::trigger(client).await;
        let job = worker.claim().await.unwrap();
        let start = worker.prepared(&job).await;
        Tool {
            client,
            worker,
            job,
            start,
        }
    }

    fn variable(&self, name: &str) -> &str {
        let found = self.start.env.iter().find(|var| var.name == name);
        found.unwrap_or_else(|| panic!("no {name}")).value.expose()
    }

    /// As the tool does it: to the path of an address, with the user name and the password.
    async fn send(&self, method: &str, path: &str, body: &str) -> (StatusCode, HeaderMap, String) {
        self.send_with(method, path, body, &[]).await
    }

    async fn send_with(
        &self,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> (StatusCode, HeaderMap, String) {
        let user = self.variable("TF_HTTP_USERNAME");
        let password = self.variable("TF_HTTP_PASSWORD");
        let login = STANDARD.encode(format!("{user}:{password}"));
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Basic {login}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let (status, headers, body) = self.client.http(request).await;
        (status, headers, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn status(&self, method: &str, path: &str, body: &str) -> u16 {
        self.send(method, path, body).await.0.as_u16()
    }
}

fn lock(id: &str) -> String {
    json!({ "ID": id, "Operation": "OperationTypeApply", "Who": "root@box", "Version": "1.11.4",
            "Created": "2026-01-01T00:00:00Z", "Path": "", "Info": "" })
    .to_string()
}

fn state(serial: i64) -> String {
    json!({
        "version": 4, "terraform_version": "1.11.4", "serial": serial, "lineage": "line",
        "outputs": {
            "address": {"value": {"ip": "10.0.0.1"}, "type": "string"},
            "password": {"value": "canary", "type": "string", "sensitive": true},
        },
        "resources": [{
            "module": "module.net", "mode": "managed", "type": "thing", "name": "one",
            "provider": "provider[\"registry.terraform.io/acme/thing\"]",
            "instances": [{"index_key": 0, "attributes": {"id": "1", "key": "canary"},
                "sensitive_attributes": [[{"type": "get_attr", "value": "key"}]]}],
        }],
    })
    .to_string()
}

#[tokio::test]
async fn a_tool_locks_writes_reads_and_unlocks() {
    let client = Client::start().await;
    managed(&client).await;
    let tool = Tool::performing(&client).await;
    let base = "http://127.0.0.1:7878";
    assert_eq!(
        tool.variable("TF_HTTP_ADDRESS"),
        format!("{base}/state/infra")
    );
    let path = |name: &str| tool.variable(name).strip_prefix(base).unwrap().to_owned();
    let (address, take, give) = (
        path("TF_HTTP_ADDRESS"),
        path("TF_HTTP_LOCK_ADDRESS"),
        path("TF_HTTP_UNLOCK_ADDRESS"),
    );
    let update = "POST";
    let [locks, unlocks] =
        ["TF_HTTP_LOCK_METHOD", "TF_HTTP_UNLOCK_METHOD"].map(|name| tool.variable(name));
    assert_eq!(tool.status("GET", &address, "").await, 204);
    assert_eq!(tool.status(locks, &take, &lock("a")).await, 200);
    let under = format!("{address}?ID=a");
    let sent = state(1);
    let md5 = STANDARD.encode(Md5::digest(&sent));
    let whole = [("content-md5", md5.as_str())];
    let (status, _, said) = tool.send_with(update, &under, &sent[1..], &whole).await;
    assert_eq!(status, 400);
    assert!(said.contains("Content-MD5"), "{said}");
    let (status, _, said) = tool.send_with(update, &under, &sent, &whole).await;
    assert_eq!((status.as_u16(), said.as_str()), (200, ""));
    let (status, headers, read) = tool.send("GET", &address, "").await;
    assert_eq!((status.as_u16(), read), (200, sent));
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["cache-control"], "no-store");

    // Who has the lock: of the answer, the tools show the ID alone.
    let (status, _, body) = tool.send(locks, &take, &lock("b")).await;
    assert_eq!(status, 423);
    let holder: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(holder["Path"], "infra");
    let who = holder["Who"].as_str().unwrap();
    let shown = holder["ID"].as_str().unwrap();
    assert!(
        shown.starts_with(&format!("a, held by {who}, since 20")),
        "{shown}"
    );
    let run = tool.job.run.as_str();
    assert!(
        who.starts_with("root@box, perform phase of run ") && who.contains(run),
        "{who}"
    );
    assert!(holder["Created"].as_str().unwrap().ends_with('Z'));
    assert_eq!(
        tool.status(update, &format!("{address}?ID=b"), &state(2))
            .await,
        409
    );
    assert_eq!(tool.status(update, &address, &state(2)).await, 409);
    assert_eq!(tool.status(update, &under, "{").await, 400);
    assert_eq!(tool.status(update, &under, &state(0)).await, 409);
    assert_eq!(tool.status(unlocks, &give, &lock("b")).await, 409);
    assert_eq!(tool.status(unlocks, &give, &lock("a")).await, 200);

    // The tool's own methods are known too, on one address or on all three.
    for (take, give) in [("/state/infra", "/state/infra"), (&*take, &*give)] {
        assert_eq!(tool.status("LOCK", take, &lock("c")).await, 200);
        assert_eq!(tool.status("UNLOCK", give, &lock("c")).await, 200);
    }
    assert_eq!(tool.status("POST", &take, &lock("d")).await, 200);
    assert_eq!(tool.status("DELETE", &give, "").await, 200);
    for (method, path) in [("DELETE", &*address), ("PATCH", &*address), ("GET", &*take)] {
        assert_eq!(tool.status(method, path, "").await, 405, "{method} {path}");
    }
    assert_eq!(tool.status("GET", "/state/other", "").await, 404);
    assert_eq!(
        tool.status("POST", "/state/other?ID=c", &state(1)).await,
        403
    );

    // With the phase the token ends.
    let next = tool
        .worker
        .finished(&tool.job, &tool.start, PhaseOutcome::Succeeded);
    assert!(matches!(next.await, Next::Release { ended: true, .. }));
    let (status, headers, _) = tool.send("GET", &address, "").await;
    assert_eq!(status, 401);
    assert!(headers.contains_key("www-authenticate"));
}

#[tokio::test]
async fn a_read_phase_and_strangers() {
    let client = Client::start().await;
    managed(&client).await;
    let tool = Tool::initializing(&client).await;
    let address = "/state/infra";
    assert_eq!(tool.status("GET", address, "").await, 204);
    for (method, path) in [
        ("POST", "/state/infra?ID=a"),
        ("PUT", address),
        ("LOCK", address),
        ("UNLOCK", address),
        ("DELETE", address),
        ("POST", "/state/infra/lock"),
        ("POST", "/state/infra/unlock"),
        ("DELETE", "/state/infra/unlock"),
    ] {
        let (status, _, said) = tool.send(method, path, &lock("a")).await;
        assert_eq!(status, 403, "{method} {path}: {said}");
        assert!(said.contains("may only read the state"), "{said}");
    }
    let run_token = tool.variable("SPACELIFT_API_TOKEN");
    let password = tool.variable("TF_HTTP_PASSWORD");
    let logins = [
        String::new(),
        format!("Bearer {password}"),
        format!("Basic {}", STANDARD.encode(password)),
        format!("Basic {}", STANDARD.encode(format!("x:{run_token}"))),
        "Basic !".into(),
    ];
    for login in logins {
        for (method, path) in [
            ("GET", address),
            ("POST", address),
            ("LOCK", address),
            ("POST", "/state/infra/lock"),
            ("POST", "/state/infra/unlock"),
        ] {
            let mut request = Request::builder().method(method).uri(path);
            if !login.is_empty() {
                request = request.header("authorization", &login);
            }
            let request = request.body(Body::from(lock("a"))).unwrap();
            let (status, _, _) = client.http(request).await;
            assert_eq!(status, 401, "{login:.9} {method} {path}");
        }
    }
}

async fn plain(client: &Client, method: &str, url: &str, body: &str) -> (StatusCode, Bytes) {
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    let (status, _, body) = client.http(request).await;
    (status, body)
}

/// As the provider imports a state, and as `spacectl stack state pull` gets it back.
#[tokio::test]
async fn a_state_goes_in_and_out_by_links() {
    let client = Client::start().await;
    let made = client
        .data("mutation{stateUploadUrl{objectId,url}}", json!({}))
        .await;
    let url = made["stateUploadUrl"]["url"].as_str().unwrap();
    let object = made["stateUploadUrl"]["objectId"].clone();
    let input = crate::stack::provider_input(&client, "infra");
    let create = "mutation($input:StackInput!$manageState:Boolean!$slug:String$stackObjectID:\
        String){stackCreate(input: $input, manageState: $manageState, stackObjectID: \
        $stackObjectID, slug: $slug){id}}";
    let variables = json!({
        "input": input, "manageState": true, "slug": null, "stackObjectID": object
    });
    let refused = client.error(create, variables.clone()).await;
    assert!(refused.starts_with("stackObjectID "), "{refused}");
    for (url, expected) in [
        (url.to_owned(), 200),
        (url.replace("token=", "token=x"), 403),
        (url.split_once('?').unwrap().0.to_owned(), 403),
    ] {
        let (status, said) = plain(&client, "PUT", &url, &state(41)).await;
        assert_eq!(status, expected, "{said:?}");
    }
    client.data(create, variables).await;

    let pull = "mutation($input:StateDownloadUrlInput!){stateDownloadUrl(input: $input){url}}";
    let asked = json!({ "input": { "stackId": "infra" } });
    let link = client.data(pull, asked).await;
    let link = link["stateDownloadUrl"]["url"].as_str().unwrap();
    let (status, body) = plain(&client, "GET", link, "").await;
    assert_eq!((status.as_u16(), &body[..]), (200, state(41).as_bytes()));
    let (status, body) = plain(&client, "GET", &format!("{link}x"), "").await;
    assert_eq!(status, 403, "{body:?}");
}

/// The documents of `spacectl stack outputs` and `spacectl stack resources list`.
#[tokio::test]
async fn what_a_stack_manages() {
    let client = Client::start().await;
    managed(&client).await;
    let outputs = "query($id:ID!){stack(id: $id){id outputs{id description sensitive value}}}";
    let asked = json!({ "id": "infra" });
    let none = client.data(outputs, asked.clone()).await;
    assert_eq!(none["stack"]["outputs"], json!([]));
    let tool = Tool::performing(&client).await;
    tool.send("LOCK", "/state/infra", &lock("a")).await;
    let stored = tool.status("POST", "/state/infra?ID=a", &state(1)).await;
    assert_eq!(stored, 200);

    let found = client.data(outputs, asked.clone()).await;
    assert_eq!(
        found["stack"]["outputs"],
        json!([
            {"id": "address", "description": null, "sensitive": false, "value": "{\"ip\":\"10.0.0.1\"}"},
            {"id": "password", "description": null, "sensitive": true, "value": null},
        ])
    );
    let entities = "{stacks{ id, labels, space, name, entities{id, address, creator{id}, drifted, \
        name, parent, thirdPartyMetadata, type, updater{id}, vendor{... on EntityVendorAnsible{\
        ansible{... on AnsibleResource{data}}}, ... on EntityVendorCloudFormation{cloudFormation{\
        ... on CloudFormationResource{logicalResourceId, physicalResourceId, template}, ... on \
        CloudFormationOutput{description, export, value}}}, ... on EntityVendorKubernetes{\
        kubernetes{... on KubernetesResource{data}, ... on KubernetesRoot{phantom}}}, ... on \
        EntityVendorPulumi{pulumi{... on PulumiOutput{sensitive, value, hash}, ... on PulumiStack{\
        phantom}, ... on PulumiResource {urn, id, provider, parent, outputs}}}, ... on \
        EntityVendorTerraform{terraform{... on TerraformResource{address, mode, module, provider, \
        tainted, values}, ... on TerraformModule{phantom}, ... on TerraformOutput{sensitive, value, \
        hash}}}}} }}";
    let found = client.data(entities, json!({})).await;
    let found = &found["stacks"][0]["entities"];
    let shown: Vec<_> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|entity| {
            json!([
                entity["id"],
                entity["type"],
                entity["name"],
                entity["parent"]
            ])
        })
        .collect();
    assert_eq!(
        json!(shown),
        json!([
            ["module.net", "module", "net", null],
            ["module.net.thing.one[0]", "thing", "one[0]", "module.net"],
            ["output.address", "output", "address", null],
            ["output.password", "output", "password", null],
        ])
    );
    assert_eq!(
        found[1]["vendor"]["terraform"],
        json!({
            "address": "module.net.thing.one[0]", "mode": "managed", "module": "module.net",
            "provider": "registry.terraform.io/acme/thing", "tainted": false,
            "values": "{\"id\":\"1\",\"key\":\"(sensitive)\"}",
        })
    );
    assert!(!found.to_string().contains("canary"));

    let lock = "{stack(id:\"infra\"){stateLock{id who run phase holder lockedAt}}}";
    let found = client.data(lock, json!({})).await;
    assert_eq!(found["stack"]["stateLock"]["who"], "root@box");
    assert_eq!(found["stack"]["stateLock"]["run"], tool.job.run.as_str());
}

#[tokio::test]
async fn history_and_back() {
    let client = Client::start().await;
    managed(&client).await;
    let tool = Tool::performing(&client).await;
    tool.send("LOCK", "/state/infra", &lock("a")).await;
    for serial in [1, 2] {
        let sent = state(serial).replace("\"1\"", &format!("\"{serial}\""));
        assert_eq!(tool.status("POST", "/state/infra?ID=a", &sent).await, 200);
    }
    let next = tool
        .worker
        .finished(&tool.job, &tool.start, PhaseOutcome::Succeeded);
    assert!(matches!(next.await, Next::Release { ended: true, .. }));
    tool.worker.released(&tool.job).await;
    client.app.settle().await;
    let history = "{stack(id:\"infra\"){stateVersions{id serial lineage toolVersion bytes author \
        origin run phase rollbackOf delta{added changed removed resources} \
        changes{address action}}}}";
    let found = client.data(history, json!({})).await;
    let versions = &found["stack"]["stateVersions"];
    assert_eq!(versions[0]["serial"], 2);
    assert_eq!(versions[0]["run"], tool.job.run.as_str());
    assert_eq!(versions[0]["origin"], "RUN");
    assert_eq!(versions[0]["phase"], "perform");
    assert_eq!(
        versions[0]["delta"],
        json!({"added": 0, "changed": 1, "removed": 0, "resources": 1})
    );
    assert_eq!(
        versions[0]["changes"],
        json!([{"address": "module.net.thing.one[0]", "action": "CHANGED"}])
    );
    let back = "mutation($stack:ID!$version:ID!){stateRollback(stack: $stack, version: $version)\
                {serial origin rollbackOf}}";
    let asked = json!({ "stack": "infra", "version": versions[1]["id"] });
    let refused = client.error(back, asked.clone()).await;
    assert!(refused.contains("with the lock ID a"), "{refused}");
    let remove = "mutation($stack:ID!){stateLockRemove(stack: $stack){id stateLock{id}}}";
    let removed = client.data(remove, json!({ "stack": "infra" })).await;
    assert_eq!(
        removed["stateLockRemove"],
        json!({ "id": "infra", "stateLock": null })
    );
    let made = client.data(back, asked).await;
    let id = &versions[1]["id"];
    assert_eq!(
        made["stateRollback"],
        json!({ "serial": 3, "origin": "ROLLBACK", "rollbackOf": id })
    );
    let one = "query($id:ID!){stack(id:\"infra\"){stateVersion(id: $id){serial}}}";
    let found = client.data(one, json!({ "id": id })).await;
    assert_eq!(found["stack"]["stateVersion"]["serial"], 1);
    let found = client.data(one, json!({ "id": "gone" })).await;
    assert!(found["stack"]["stateVersion"].is_null());
}
