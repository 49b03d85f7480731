//! A thousand workers that wait at three servers on one PostgreSQL, which syncs what it is told. The
//! workers are simulated: each is a connection that claims, and a run that it gets is never begun.

mod simulated;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Result, ensure};
use futures::StreamExt as _;
use futures::stream::{self, FuturesUnordered, TryStreamExt as _};
use gantry_testkit::client::{Client, StackInput};
use gantry_testkit::ministack::Ministack;
use gantry_testkit::postgres::Postgres;
use gantry_testkit::repository::Repository;
use gantry_testkit::server::{TestServer, beside};
use tokio::sync::mpsc;

use simulated::Simulated;

const SERVERS: usize = 3;
const STACKS: usize = 200;
/// Runs that are there before anybody asks for one.
const QUEUED: usize = 6_000;
/// Runs that come one by one while everybody waits.
const SINGLE: usize = 400;
/// Requests of the client that are under way together.
const TOGETHER: usize = 16;

pub struct Claims {
    pub per_second: f64,
    pub p99_ms: f64,
    /// The same with ten workers.
    pub p99_few_ms: f64,
}

pub async fn measure() -> Result<Claims> {
    let postgres = Postgres::start_durable()?;
    let database = postgres.database()?;
    let servers = start(&database.url()).await?;
    let client = servers[0].client().await;
    let repository = Repository::create(&servers[0].repositories(), "claims", &[("main.tf", "")])?;
    let mut stacks = vec![];
    for number in 0..STACKS {
        let input = StackInput::new(&format!("claims-{number}"), repository.path());
        stacks.push(client.create_stack(&input).await?);
    }
    eprintln!("bench: {QUEUED} runs are lined up");
    trigger(&client, &stacks, QUEUED).await?;

    let join = servers[0].join("bench")?;
    let urls: Vec<String> = servers.iter().map(TestServer::gateway_url).collect();
    let mut workers = simulated::hello(&join.text, &urls, 1_000).await?;
    let begin = Instant::now();
    let taken = drain(&mut workers).await?;
    ensure!(taken == QUEUED, "{taken} of {QUEUED} runs were claimed");
    let per_second = QUEUED as f64 / begin.elapsed().as_secs_f64();

    let few = workers.split_off(workers.len() - 10);
    let few = one_by_one(few, &client, &stacks).await?;
    let many = one_by_one(workers, &client, &stacks).await?;
    Ok(Claims {
        per_second,
        p99_ms: quantile(&many, 0.99),
        p99_few_ms: quantile(&few, 0.99),
    })
}

/// Servers that share what servers have to share: the database, the objects, the master key.
async fn start(database: &str) -> Result<Vec<TestServer>> {
    let ministack = Ministack::shared();
    let program = beside(&std::env::current_exe()?);
    let mut servers: Vec<TestServer> = vec![];
    for _ in 0..SERVERS {
        let mut builder = TestServer::builder(&program)
            .database_url(database)
            .with_gateway()
            .set("log.level", "warn");
        if let Some(first) = servers.first() {
            let shared = |name: &str| first.data_dir().join(name).display().to_string();
            builder = builder
                .set("objects", shared("objects"))
                .set("master_key_file", shared("master.key"));
        }
        servers.push(builder.start(ministack).await?);
    }
    Ok(servers)
}

/// Triggers runs, in turn over the stacks. Runs that only look never wait for each other.
async fn trigger(client: &Client, stacks: &[String], runs: usize) -> Result<()> {
    stream::iter(0..runs)
        .map(|number| client.trigger(&stacks[number % stacks.len()], "PROPOSED", None))
        .buffer_unordered(TOGETHER)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    Ok(())
}

/// Lets all workers claim until nothing is left; answers how many runs there were.
async fn drain(workers: &mut [Simulated]) -> Result<usize> {
    let taken = Arc::new(AtomicUsize::new(0));
    let mut all: FuturesUnordered<_> = workers
        .iter_mut()
        .map(|worker| {
            let taken = taken.clone();
            async move {
                while taken.load(Ordering::Relaxed) < QUEUED && worker.claim(0).await?.is_some() {
                    taken.fetch_add(1, Ordering::Relaxed);
                }
                anyhow::Ok(())
            }
        })
        .collect();
    while let Some(done) = all.next().await {
        done?;
    }
    Ok(taken.load(Ordering::Relaxed))
}

/// Milliseconds from sending a trigger to the worker that gets its run, one after the other, while all
/// workers wait.
async fn one_by_one(
    workers: Vec<Simulated>,
    client: &Client,
    stacks: &[String],
) -> Result<Vec<f64>> {
    let (sender, mut got) = mpsc::unbounded_channel();
    let waiting: Vec<_> = workers
        .into_iter()
        .map(|mut worker| {
            let sender = sender.clone();
            tokio::spawn(async move {
                loop {
                    match worker.claim(25_000).await {
                        Ok(Some(run)) => drop(sender.send((run, Instant::now()))),
                        Ok(None) => {}
                        Err(_) => return,
                    }
                }
            })
        })
        .collect();
    let mut latencies = vec![];
    for number in 0..SINGLE {
        let sent = Instant::now();
        client
            .trigger(&stacks[number % stacks.len()], "PROPOSED", None)
            .await?;
        let Some((_, at)) = got.recv().await else {
            anyhow::bail!("no worker is left");
        };
        latencies.push((at - sent).as_secs_f64() * 1e3);
    }
    for waiting in waiting {
        waiting.abort();
    }
    Ok(latencies)
}

fn quantile(values: &[f64], share: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let place = (values.len() as f64 * share).ceil() as usize;
    values
        .get(place.saturating_sub(1))
        .copied()
        .unwrap_or(f64::NAN)
}
