use std::sync::Mutex;

use futures::FutureExt;
use gantry_core::account::Subdomain;
use gantry_core::credentials::access::Access;
use gantry_core::credentials::role::{AssumedBy, Role, RoleArn};
use gantry_core::ids::{IntegrationId, SpaceId, StackId};

use super::*;

type Answer = Result<(), AssumeErrorKind>;
type Behaviour = dyn Fn(&Trial, Presented, usize) -> (Duration, Answer) + Sync;

/// Answers as told, after a while, and writes down what was asked and how much at a time.
struct Fake<'a> {
    behaviour: &'a Behaviour,
    asked: Mutex<Vec<(String, Presented)>>,
    at_once: Mutex<(usize, usize)>,
}

impl<'a> Fake<'a> {
    fn new(behaviour: &'a Behaviour) -> Self {
        Self {
            behaviour,
            asked: Mutex::default(),
            at_once: Mutex::default(),
        }
    }

    fn asked(&self, presented: Presented) -> usize {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .filter(|(_, p)| *p == presented)
            .count()
    }
}

impl Asker for Fake<'_> {
    fn ask<'a>(
        &'a self,
        trial: &'a Trial,
        presented: Presented,
    ) -> BoxFuture<'a, Result<(), AssumeError>> {
        async move {
            let before = {
                let mut asked = self.asked.lock().unwrap();
                asked.push((trial.stack.to_string(), presented));
                asked.iter().filter(|(_, p)| *p == presented).count() - 1
            };
            {
                let mut at_once = self.at_once.lock().unwrap();
                at_once.0 += 1;
                at_once.1 = at_once.1.max(at_once.0);
            }
            let (delay, answer) = (self.behaviour)(trial, presented, before);
            sleep(delay).await;
            self.at_once.lock().unwrap().0 -= 1;
            answer.map_err(|kind| AssumeError::new(kind, "said"))
        }
        .boxed()
    }
}

fn trial(stack: &str, role: &str, access: Access) -> Trial {
    let role = Role {
        arn: RoleArn::parse(&format!("arn:aws:iam::111122223333:role/{role}")).unwrap(),
        duration: Default::default(),
        region: None,
        assumed_by: AssumedBy::Server,
        tag_sessions: false,
    };
    let account = Subdomain::parse("acme").unwrap();
    let integration = IntegrationId::new("01JD8Z5K3V9QW2XH7N4M6R0TBC");
    let (stack, space) = (StackId::new(stack), SpaceId::new("root"));
    Trial::for_integration(&account, &integration, &role, &stack, &space, access).unwrap()
}

fn both(stack: &str) -> Vec<Trial> {
    Access::ALL.map(|access| trial(stack, "r", access)).into()
}

const DENIED: Answer = Err(AssumeErrorKind::Denied);

fn at_once(answer: Answer) -> (Duration, Answer) {
    (Duration::ZERO, answer)
}

/// As a role with a right trust policy answers.
fn right(presented: Presented) -> Answer {
    if presented == Presented::Ours {
        Ok(())
    } else {
        DENIED
    }
}

#[tokio::test(start_paused = true)]
async fn the_verdict_follows_from_three_answers() {
    use AssumeErrorKind as Kind;
    let throttled: Answer = Err(Kind::Throttled);
    let error = |kind| AssumeError::new(kind, "said");
    for (ours, nothing, random, expected) in [
        (Ok(()), DENIED, DENIED, Verdict::TrustsUs),
        (
            DENIED,
            DENIED,
            DENIED,
            Verdict::Refused(error(Kind::Denied)),
        ),
        (
            DENIED,
            Ok(()),
            Ok(()),
            Verdict::Refused(error(Kind::Denied)),
        ),
        (Ok(()), Ok(()), DENIED, Verdict::OpenTo(Presented::Nothing)),
        (Ok(()), DENIED, Ok(()), Verdict::OpenTo(Presented::Random)),
        (
            Ok(()),
            throttled,
            Ok(()),
            Verdict::OpenTo(Presented::Random),
        ),
        (
            Ok(()),
            Ok(()),
            throttled,
            Verdict::OpenTo(Presented::Nothing),
        ),
        (
            Ok(()),
            throttled,
            DENIED,
            Verdict::Unclear(error(Kind::Throttled)),
        ),
        (
            Ok(()),
            DENIED,
            throttled,
            Verdict::Unclear(error(Kind::Throttled)),
        ),
        (
            throttled,
            DENIED,
            DENIED,
            Verdict::Unclear(error(Kind::Throttled)),
        ),
    ] {
        let behaviour = move |_: &Trial, presented: Presented, _: usize| {
            at_once(match presented {
                Presented::Ours => ours,
                Presented::Nothing => nothing,
                Presented::Random => random,
            })
        };
        let fake = Fake::new(&behaviour);
        let trials = [trial("s", "r", Access::Read)];
        let verdicts = judge_all(&fake, &trials, Patience::Attach).await;
        assert_eq!(verdicts, [expected], "{ours:?} {nothing:?} {random:?}");
    }
}

/// Nothing but `AccessDenied` may count as a refusal of a probe.
#[tokio::test(start_paused = true)]
async fn no_other_error_of_a_probe_is_taken_for_safety() {
    use AssumeErrorKind as Kind;
    for kind in [
        Kind::Throttled,
        Kind::Unavailable,
        Kind::Clock,
        Kind::ExpiredBaseIdentity,
        Kind::BaseIdentityRefused,
        Kind::NoBaseIdentity,
        Kind::InvalidDuration,
        Kind::InvalidRequest,
        Kind::BadAnswer,
    ] {
        let behaviour = move |_: &Trial, presented: Presented, _: usize| {
            at_once(if presented == Presented::Nothing {
                Err(kind)
            } else {
                right(presented)
            })
        };
        let fake = Fake::new(&behaviour);
        let verdicts = judge_all(&fake, &both("s"), Patience::Attach).await;
        assert!(
            matches!(verdicts[0], Verdict::Unclear(_)),
            "{kind:?}: {verdicts:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_request_is_sent_once() {
    let behaviour = move |_: &Trial, presented: Presented, _: usize| at_once(right(presented));
    let fake = Fake::new(&behaviour);
    let mut trials = both("s");
    trials.extend(both("s"));
    let verdicts = judge_all(&fake, &trials, Patience::Attach).await;
    assert_eq!(verdicts, [const { Verdict::TrustsUs }; 4]);
    assert_eq!(
        fake.asked(Presented::Ours),
        2,
        "one for read, one for write"
    );
    assert_eq!(fake.asked(Presented::Nothing), 1);
    assert_eq!(fake.asked(Presented::Random), 1);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_refuses_us_is_not_probed() {
    let behaviour = |_: &Trial, _: Presented, _: usize| at_once(DENIED);
    let fake = Fake::new(&behaviour);
    judge_all(&fake, &both("s"), Patience::Attach).await;
    assert_eq!(
        fake.asked(Presented::Nothing) + fake.asked(Presented::Random),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn sixteen_run_at_a_time_and_45_seconds_in_all() {
    let behaviour =
        |_: &Trial, presented: Presented, _: usize| (Duration::from_secs(4), right(presented));
    let fake = Fake::new(&behaviour);
    let trials: Vec<Trial> = (0..80)
        .map(|n| trial(&format!("s{n}"), "r", Access::Read))
        .collect();
    let begin = Instant::now();
    let verdicts = judge_all(&fake, &trials, Patience::Attach).await;
    assert_eq!(begin.elapsed(), Duration::from_secs(45));
    assert_eq!(fake.at_once.lock().unwrap().1, 16);
    // 240 requests of 4 s, 16 at a time, are 60 s: some trials are through, the rest is unknown.
    let known = verdicts.iter().filter(|v| **v == Verdict::TrustsUs).count();
    let late = verdicts
        .iter()
        .filter(|v| **v == Verdict::OutOfTime)
        .count();
    assert!(
        known > 0 && late > 0 && known + late == 80,
        "{known} known, {late} late"
    );
}

#[tokio::test(start_paused = true)]
async fn an_update_waits_for_a_new_trust_policy_and_an_attach_does_not() {
    let seen_after_five = |_: &Trial, presented: Presented, before: usize| {
        at_once(if presented == Presented::Ours && before < 5 {
            DENIED
        } else {
            right(presented)
        })
    };
    let fake = Fake::new(&seen_after_five);
    let trials = [trial("s", "r", Access::Read)];
    let verdicts = judge_all(&fake, &trials, Patience::Attach).await;
    assert!(matches!(verdicts[0], Verdict::Refused(_)));
    assert_eq!(fake.asked(Presented::Ours), 1);

    let fake = Fake::new(&seen_after_five);
    let verdicts = judge_all(&fake, &trials, Patience::Update).await;
    assert_eq!(verdicts, [Verdict::TrustsUs]);
    assert_eq!(fake.asked(Presented::Ours), 6);
}

#[tokio::test(start_paused = true)]
async fn an_update_believes_a_refusal_after_thirty_seconds() {
    let behaviour = |_: &Trial, _: Presented, _: usize| at_once(DENIED);
    let fake = Fake::new(&behaviour);
    let begin = Instant::now();
    let verdicts = judge_all(&fake, &[trial("s", "r", Access::Read)], Patience::Update).await;
    assert!(matches!(verdicts[0], Verdict::Refused(_)));
    assert_eq!(begin.elapsed(), Duration::from_secs(30));
    assert_eq!(fake.asked(Presented::Random), 0);
}
