use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gantry_testkit::client::StackInput;
use gantry_testkit::http;
use gantry_testkit::repository::Repository;
use md5::{Digest as _, Md5};
use serde_json::json;
use tokio::io::AsyncReadExt as _;

use crate::median;
use crate::world::World;

const STACK: &str = "bench-state";
const RESOURCES: usize = 1000;

pub struct StatePut {
    pub ratio: f64,
    pub ours_ms: f64,
    pub bare_ms: f64,
}

/// One POST of a state of 1 MB under its lock, as the tool sends it, against writing the same bytes to
/// a file and syncing that, on the file system where the server has its data.
pub async fn measure(world: &World, pairs: usize) -> Result<StatePut> {
    let repository = Repository::create(
        &world.server.repositories(),
        STACK,
        &[("main.tf", "# nothing\n")],
    )?;
    let mut input = StackInput::new(STACK, repository.path());
    input.manage_state = true;
    world.client.create_stack(&input).await?;
    let (run, login) = task_at_work(world).await?;
    let tool = Tool { world, login };
    let lock = json!({"ID": "bench"}).to_string();
    tool.send("LOCK", "/lock", lock, None).await?;
    let folder = tempfile::tempdir_in(world.server.data_dir())?;
    let (mut ratios, mut ours, mut bares) = (vec![], vec![], vec![]);
    // One pair unmeasured.
    for pair in 0..=pairs {
        let state = state(pair + 1);
        let md5 = STANDARD.encode(Md5::digest(&state));
        let bare = written(&folder.path().join(pair.to_string()), state.as_bytes())?;
        let begin = Instant::now();
        tool.send("POST", "?ID=bench", state, Some(&md5)).await?;
        let put = begin.elapsed();
        if pair > 0 {
            ratios.push(put.as_secs_f64() / bare.as_secs_f64());
            ours.push(put.as_secs_f64() * 1e3);
            bares.push(bare.as_secs_f64() * 1e3);
        }
    }
    world.client.act("runStop", STACK, &run).await?;
    world.client.wait_for_end(STACK, &run).await?;
    Ok(StatePut {
        ratio: median(ratios),
        ours_ms: median(ours),
        bare_ms: median(bares),
    })
}

/// A task in its write phase, and the login that its tool would use.
async fn task_at_work(world: &World) -> Result<(String, String)> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let tell = format!("echo $TF_HTTP_USERNAME:$TF_HTTP_PASSWORD >/dev/tcp/127.0.0.1/{port}");
    let command = format!("bash -c '{tell}; exec sleep 3600'");
    let run = world.client.create_task(STACK, &command, true).await?;
    let (mut stream, _) = tokio::time::timeout(Duration::from_secs(60), listener.accept())
        .await
        .context("the task did not begin")??;
    let mut login = String::new();
    stream.read_to_string(&mut login).await?;
    Ok((run, format!("Basic {}", STANDARD.encode(login.trim()))))
}

struct Tool<'a> {
    world: &'a World,
    login: String,
}

impl Tool<'_> {
    async fn send(&self, method: &str, path: &str, body: String, md5: Option<&str>) -> Result<()> {
        let mut headers = vec![
            ("authorization", self.login.as_str()),
            ("content-type", "application/json"),
        ];
        headers.extend(md5.map(|md5| ("content-md5", md5)));
        let path = format!("/state/{STACK}{path}");
        let base = self.world.client.base();
        let answer = http::send(method, base, &path, &headers, body).await?;
        ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
        Ok(())
    }
}

fn written(path: &Path, bytes: &[u8]) -> Result<Duration> {
    let begin = Instant::now();
    let mut file = std::fs::File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(begin.elapsed())
}

/// About 1 MB, of which something differs each time.
fn state(serial: usize) -> String {
    let resources: Vec<_> = (0..RESOURCES)
        .map(|number| {
            json!({
                "mode": "managed", "type": "terraform_data", "name": format!("number_{number}"),
                "provider": "provider[\"terraform.io/builtin/terraform\"]",
                "instances": [{"schema_version": 0, "attributes": {
                    "id": format!("{serial:08}-{number:08}"), "input": "x".repeat(800),
                }}],
            })
        })
        .collect();
    json!({
        "version": 4, "terraform_version": "1.11.4", "serial": serial, "lineage": "bench",
        "outputs": {}, "resources": resources, "check_results": null,
    })
    .to_string()
}
