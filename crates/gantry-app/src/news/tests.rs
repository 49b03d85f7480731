use std::sync::Arc;

use gantry_core::ids::{RunId, SpaceId, StackId};

use super::{Heard, Listener, LogGrew, News, Newsroom, REMEMBERED, Word};

fn news(id: usize) -> News {
    News {
        kind: "stack".into(),
        id: id.to_string(),
        stack: Some(StackId::new("network")),
        run: None,
        space: Some(SpaceId::new("root")),
    }
}

async fn number(listener: &mut Listener) -> String {
    match listener.next().await {
        Heard::News(_, news) => news.id.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whoever_comes_back_hears_what_was_said_meanwhile_once() {
    let room = Newsroom::new(false);
    let (mut listener, known) = room.listen(None);
    assert!(!known, "nobody was here before");
    room.say(Word::News(news(1)));
    room.say(Word::News(news(2)));
    let Heard::News(place, first) = listener.next().await else {
        panic!("the first is not heard");
    };
    assert_eq!(*first, news(1));
    drop(listener);

    room.say(Word::News(news(3)));
    let (mut listener, known) = room.listen(Some(&place));
    assert!(known);
    room.say(Word::News(news(4)));
    for expected in ["2", "3", "4"] {
        assert_eq!(number(&mut listener).await, expected);
    }
    let here = listener.here();
    let (mut listener, known) = room.listen(Some(&here));
    assert!(known);
    room.say(Word::News(news(5)));
    assert_eq!(number(&mut listener).await, "5");
}

#[tokio::test]
async fn a_place_that_nobody_knows_is_no_place() {
    let room = Newsroom::new(false);
    let (listener, _) = room.listen(None);
    let begin = listener.here();
    for place in ["", "1", "elsewhere-0", "-", &format!("{begin}9")] {
        assert!(!room.listen(Some(place)).1, "{place}");
    }
    for id in 0..=REMEMBERED {
        room.say(Word::News(news(id)));
    }
    assert!(!room.listen(Some(&begin)).1, "it is forgotten");
    let (now, _) = room.listen(None);
    let here = now.here();
    assert!(room.listen(Some(&here)).1);
    room.say(Word::News(news(1)));
    assert!(room.listen(Some(&here)).1);
    room.lost();
    assert!(
        !room.listen(Some(&here)).1,
        "others may have said something"
    );
}

#[tokio::test]
async fn who_falls_behind_is_told_to_look_at_everything() {
    let room = Newsroom::new(false);
    let (mut listener, _) = room.listen(None);
    for id in 0..3000 {
        room.say(Word::News(news(id)));
    }
    assert!(matches!(listener.next().await, Heard::Missed(_)));
    assert!(matches!(listener.next().await, Heard::News(..)));
    let (mut other, _) = room.listen(None);
    room.lost();
    assert!(matches!(other.next().await, Heard::Missed(_)));
}

#[test]
fn of_a_log_the_others_are_told_the_newest_length_alone() {
    let room = Arc::new(Newsroom::new(true));
    let grew = |bytes| LogGrew {
        run: RunId::new("01RUN"),
        version: 3,
        bytes,
    };
    for bytes in [1, 2, 3] {
        room.say(Word::Log(grew(bytes)));
    }
    room.say(Word::News(news(1)));
    let untold = room.untold.lock().unwrap().clone();
    assert_eq!(untold, [Word::Log(grew(3)), Word::News(news(1))]);
}
