//! `gantry server`: opens the installation, serves, keeps a worker, and ends in order.

use std::future::IntoFuture as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use gantry_app::{App, Clock, Objects};
use gantry_worker::config::WorkerConfig;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Log};
use crate::embedded_worker::{self, EmbeddedWorker};
use crate::{admin, installation, logging, memory, metrics, notify, traces};

/// Between two starts of a worker that can't work.
const WORKER_PAUSE: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(10)];

pub async fn main(config: Config) -> anyhow::Result<()> {
    logging::start(&config.log)?;
    installation::make_data_dir(&config)?;
    installation::close_data_dir(&config)?;
    // Before the lock says who we are: whoever reads that may send one.
    let mut hangup = signal(SignalKind::hangup())?;
    let _lock = installation::lock_data_dir(&config)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    // Both listeners stand before anything slow: a worker that starts meanwhile waits in line.
    let listener = TcpListener::bind(&config.server.listen)
        .await
        .with_context(|| format!("server.listen: can't listen on {}", config.server.listen))?;
    let metrics = metrics::Listening::start(&config.metrics).await?;
    let collector = traces::Collector::new(&config.traces)?;
    let token = worker_token();
    let socket = gateway_socket(&config)?;
    let gateway = UnixListener::bind(&socket)
        .with_context(|| format!("can't listen on {}", socket.display()))?;
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600))?;

    let (stop, stopping) = watch::channel(false);
    let worker_config = embedded_worker::own_config(&config, socket, &token);
    let patience = Duration::from_secs(config.run.stop_grace + 15);
    let (absence, mut absent) = watch::channel(None);
    let worker = match config.worker.slots {
        0 => {
            absence.send_replace(Some(
                "this server starts none (`worker.slots` is 0)".to_owned(),
            ));
            None
        }
        _ => Some(tokio::spawn(keep_worker(
            worker_config,
            config.log.clone(),
            patience,
            stopping.clone(),
            absence,
        ))),
    };

    let app = open(&config).await?;
    tell_absence(&app, &mut absent);
    let traces = collector.map(|collector| traces::Telling::start(collector, &app));
    let mut serving = JoinSet::new();
    serving.spawn(
        axum::serve(
            listener,
            gantry_api::http::router(app.clone()).fallback_service(gantry_console::router()),
        )
        .with_graceful_shutdown(stopped(stopping.clone()))
        .into_future(),
    );
    serving.spawn(
        axum::serve(
            gateway,
            gantry_api::gateway::embedded(app.clone(), token.into())
                .layer(axum::middleware::from_fn(memory::give_back_when_idle)),
        )
        .into_future(),
    );
    let cut = CancellationToken::new();
    let elsewhere = serve_elsewhere(&config, &app, &cut).await?;
    if let Some(metrics) = metrics {
        serving.spawn(metrics.serve(app.clone()));
    }
    let timers = tokio::spawn(app.clone().run_timers());
    let hearing = tokio::spawn(app.clone().hear_others());
    let telling = tokio::spawn(app.clone().tell_news());
    let absence = tokio::spawn({
        let app = app.clone();
        async move {
            while absent.changed().await.is_ok() {
                tell_absence(&app, &mut absent);
            }
        }
    });
    tracing::info!(
        url = config.server.public_url,
        account = app.account().as_str(),
        "serving"
    );
    notify::ready();

    let hangups = tokio::spawn({
        let app = app.clone();
        async move {
            while hangup.recv().await.is_some() {
                match app.reload_keys().await {
                    Ok(count) => tracing::info!(count, "the data keys were read again"),
                    Err(error) => tracing::error!(%error, "the data keys could not be read again"),
                }
            }
        }
    });

    tokio::select! {
        _ = terminate.recv() => tracing::info!("asked to end by SIGTERM"),
        _ = interrupt.recv() => tracing::info!("asked to end by SIGINT"),
        ended = serving.join_next() => {
            anyhow::bail!("a listener ended by itself: {ended:?}");
        }
    }
    notify::stopping();
    // The worker first: what it still reports is taken by the gateway. Those elsewhere find another
    // server, or this one when it is back; until then they are heard.
    app.give_no_runs();
    let _ = stop.send(true);
    if let Some(worker) = worker {
        let _ = worker.await;
    }
    cut.cancel();
    if let Some(elsewhere) = elsewhere {
        let _ = elsewhere.await;
    }
    timers.abort();
    hearing.abort();
    telling.abort();
    absence.abort();
    hangups.abort();
    serving.abort_all();
    while serving.join_next().await.is_some() {}
    if let Some(traces) = traces {
        traces.end().await;
    }
    app.close().await;
    tracing::info!("ended in order");
    Ok(())
}

/// Opens everything; at the first start makes the account and prints the administrator's key.
async fn open(config: &Config) -> anyhow::Result<Arc<App>> {
    let store = installation::open_store(config).await?;
    let master = installation::master_key(config, &store).await?;
    let objects = Objects::open(&installation::objects(config)?)?;
    let subdomain = (!config.account.is_empty()).then_some(config.account.as_str());
    let clouds = installation::clouds(config);
    let settings = installation::settings(config)?;
    let clock = Clock::system();
    let app = App::open(store, objects, master, subdomain, settings, clock, clouds).await?;
    if let Some(key) = app.api_key_create_first().await? {
        admin::print_key(&key, false);
    }
    Ok(app)
}

/// Where workers elsewhere connect to, if they may.
async fn serve_elsewhere(
    config: &Config,
    app: &Arc<App>,
    cut: &CancellationToken,
) -> anyhow::Result<Option<JoinHandle<()>>> {
    let address = &config.worker_gateway.listen;
    let Some(host) = config.worker_gateway.host() else {
        return Ok(None);
    };
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("worker_gateway.listen: can't listen on {address}"))?;
    let tls = gantry_api::gateway::listener::tls(app.worker_authority().await?, host)?;
    let router = gantry_api::gateway::remote(app.clone());
    tracing::info!(
        url = config.worker_gateway.public_url,
        "workers elsewhere can join"
    );
    Ok(Some(tokio::spawn(gantry_api::gateway::listener::serve(
        listener,
        tls,
        router,
        cut.clone(),
    ))))
}

/// Starts a worker, and another one when it goes: each waits for its predecessor's lock, proves
/// its children dead, and reports what it left behind, before it takes a run.
async fn keep_worker(
    config: WorkerConfig,
    log: Log,
    patience: Duration,
    mut stopping: watch::Receiver<bool>,
    absence: watch::Sender<Option<String>>,
) {
    let mut pause = WORKER_PAUSE[0];
    loop {
        let started = tokio::time::Instant::now();
        match EmbeddedWorker::start(&config, &log).await {
            Ok(mut worker) => {
                let ended = tokio::select! {
                    reason = worker.ended() => Some(reason),
                    _ = stopping.wait_for(|stop| *stop) => None,
                };
                match ended {
                    Some(reason) => {
                        tracing::error!(
                            "the embedded worker is gone: {reason}; another is started"
                        );
                        absence.send_replace(Some(reason));
                    }
                    None => return worker.stop(patience).await,
                }
            }
            Err(error) => {
                tracing::error!("{error:#}");
                absence.send_replace(Some(format!("{error:#}")));
            }
        }
        if started.elapsed() > WORKER_PAUSE[1] {
            pause = WORKER_PAUSE[0];
        }
        tokio::select! {
            _ = tokio::time::sleep(pause) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        pause = (pause * 2).min(WORKER_PAUSE[1]);
    }
}

/// Whoever waits for a worker reads why there is none, until one says hello.
fn tell_absence(app: &App, absent: &mut watch::Receiver<Option<String>>) {
    if let Some(reason) = absent.borrow_and_update().clone() {
        app.worker_absent(reason);
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// In the data directory, so that only its owner gets there.
fn gateway_socket(config: &Config) -> anyhow::Result<PathBuf> {
    let path = std::path::absolute(config.below_data("gateway.sock"))?;
    remove_old(&path)?;
    Ok(path)
}

fn remove_old(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} can't be replaced", path.display()))
        }
        _ => Ok(()),
    }
}

/// New at each start; known to the worker we start and to nobody else.
fn worker_token() -> String {
    gantry_app::login::random_token()
}
