//! What those who look on hear, and what they don't.

use std::sync::Arc;
use std::time::Duration;

use gantry_app::App;
use gantry_app::news::{Heard, Listener, News};
use gantry_core::authz::Role;
use gantry_core::run::RunKind;

use crate::world::{World, outsider};

on_both_databases!(
    each_change_is_heard_after_its_commit,
    who_may_not_see_a_thing_does_not_hear_of_it,
    a_log_that_grows_is_heard,
);

/// Everything that was said since it was last asked, as `kind id`.
async fn heard(listener: &mut Listener) -> Vec<String> {
    let news = all(listener).await.into_iter();
    news.map(|news| format!("{} {}", news.kind, news.id))
        .collect()
}

async fn all(listener: &mut Listener) -> Vec<Arc<News>> {
    let mut all = Vec::new();
    while let Ok(heard) = tokio::time::timeout(Duration::from_millis(50), listener.next()).await {
        match heard {
            Heard::News(_, news) => all.push(news),
            Heard::Log(_) => {}
            Heard::Missed(_) => panic!("something was missed"),
        }
    }
    all
}

async fn each_change_is_heard_after_its_commit(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let (mut listener, _) = app.listen_to_news(None);
    let id = world.stack("Network").await;
    assert_eq!(heard(&mut listener).await, ["stack network"]);
    app.stack_lock(&outsider(), &id, None).await.unwrap_err();
    assert_eq!(heard(&mut listener).await, [""; 0], "nothing happened");

    let run = world.trigger(&id, RunKind::Tracked).await;
    let said = heard(&mut listener).await;
    assert!(said.contains(&format!("run {run}")), "{said:?}");
    let worker = world.worker().await;
    assert_eq!(heard(&mut listener).await, ["worker pool "]);
    let job = worker.claim().await.expect("a job");
    assert_eq!(heard(&mut listener).await, [format!("run {run}")]);
    worker.prepare(&job).await;
    let said = all(&mut listener).await;
    assert!(said.iter().all(|news| news.run.as_ref() == Some(&run)));
    assert!(!said.is_empty());
    assert_eq!(said[0].stack.as_ref(), Some(&id));

    let integration = world.integration("reader", "legacy").await;
    assert_eq!(
        heard(&mut listener).await,
        [format!("integration {integration}")]
    );
    app.run_stop(admin, &id, &run, None).await.unwrap();
    assert!(!heard(&mut listener).await.is_empty());
}

async fn who_may_not_see_a_thing_does_not_hear_of_it(world: &World) {
    let app = &world.app;
    let team = world.space("team", "root", true).await;
    let apart = world.space("apart", "root", false).await;
    let (reader, _) = world.key(&[(team.as_str(), Role::Reader)]).await;
    let (mut listener, _) = app.listen_to_news(None);
    let mut made = Vec::new();
    for space in ["root", team.as_str(), apart.as_str()] {
        let mut draft = world.draft(&format!("Of {}", made.len()));
        draft.space = Some(space.into());
        made.push(world.stack_of(draft).await);
        world.integration(&format!("of-{space}"), space).await;
    }
    world.key(&[]).await;
    let said = all(&mut listener).await;
    assert_eq!(said.len(), 7, "{said:?}");
    let for_reader: Vec<&str> = said
        .iter()
        .filter(|news| news.is_for(&reader))
        .map(|news| news.space.as_ref().unwrap().as_str())
        .collect();
    // The stack and the integration of its own space, and what `root` shares.
    assert_eq!(for_reader, ["root", team.as_str(), team.as_str()]);
    assert!(said.iter().all(|news| news.is_for(&world.admin)));
    assert!(!said.iter().any(|news| news.is_for(&outsider())));

    // A stack that moves out of sight is heard of once more.
    let mut draft = world.draft("Of 1");
    draft.space = Some(apart.as_str().into());
    app.stack_update(&world.admin, &made[1], draft)
        .await
        .unwrap();
    let said = all(&mut listener).await;
    let spaces: Vec<_> = said
        .iter()
        .map(|news| news.space.clone().unwrap())
        .collect();
    assert_eq!(spaces, [apart, team]);
}

async fn a_log_that_grows_is_heard(world: &World) {
    let id = world.stack("Network").await;
    let run = world.trigger(&id, RunKind::Proposed).await;
    let worker = world.worker().await;
    let job = worker.claim().await.expect("a job");
    let phase = worker.prepare(&job).await;
    let (mut listener, _) = world.app.listen_to_news(None);
    worker.log(&job, phase.version, 0, "one\n").await;
    worker.log(&job, phase.version, 4, "two\n").await;
    for bytes in [4, 8] {
        match listener.next().await {
            Heard::Log(grew) => assert_eq!((grew.run, grew.bytes), (run.clone(), bytes)),
            other => panic!("{other:?}"),
        }
    }
}

/// Waits for the first news of that kind.
async fn first(listener: &mut Listener, kind: &str) -> Arc<News> {
    let news = async {
        loop {
            if let Heard::News(_, news) = listener.next().await
                && news.kind == kind
            {
                return news;
            }
        }
    };
    let within = Duration::from_secs(10);
    tokio::time::timeout(within, news).await.expect("heard")
}

#[tokio::test]
async fn what_changes_on_one_server_is_heard_on_the_others() {
    let world = World::postgres().await;
    let servers: Vec<Arc<App>> = world.servers(2).await;
    for server in servers.iter().chain([&world.app]) {
        tokio::spawn(server.clone().tell_news());
    }
    let (mut here, _) = servers[0].listen_to_news(None);
    // They have begun to hear when something comes through.
    let (id, heard) = loop {
        let id = world.stack(&format!("Network {}", ulid())).await;
        let heard = tokio::time::timeout(Duration::from_millis(300), first(&mut here, "stack"));
        if let Ok(heard) = heard.await {
            break (id, heard);
        }
    };
    assert_eq!(heard.stack, Some(id.clone()));
    let (mut there, _) = servers[1].listen_to_news(None);
    let run = world.trigger(&id, RunKind::Proposed).await;
    assert_eq!(first(&mut here, "run").await.run, Some(run.clone()));
    assert_eq!(first(&mut there, "run").await.run, Some(run.clone()));
    let worker = world.worker().await;
    let job = worker.claim().await.expect("a job");
    let phase = worker.prepare(&job).await;
    worker.log(&job, phase.version, 0, "one\n").await;
    let grew = async {
        loop {
            if let Heard::Log(grew) = there.next().await {
                return grew;
            }
        }
    };
    let grew = tokio::time::timeout(Duration::from_secs(10), grew).await;
    assert_eq!(grew.expect("heard").bytes, 4);
}

fn ulid() -> String {
    format!("{:08x}", rand::random::<u32>())
}
