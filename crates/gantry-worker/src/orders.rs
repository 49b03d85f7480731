//! What a job is told from outside while it works: somebody stops the run, the lease is lost, the
//! worker has to end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A later order replaces an earlier one only when it is more pressing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    GoOn,
    /// Somebody asked to stop the run.
    Stop,
    /// The worker has to end: the server is gone, or told it so.
    End {
        why: String,
    },
    /// The run is not ours any more.
    LeaseLost {
        why: String,
    },
}

#[derive(Clone)]
pub struct Orders {
    sender: Arc<watch::Sender<Order>>,
    /// Passes on what is ordered above; ends with the last copy.
    _above: Option<Arc<Above>>,
}

struct Above(JoinHandle<()>);

impl Drop for Above {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Default for Orders {
    fn default() -> Self {
        Orders {
            sender: Arc::new(watch::Sender::new(Order::GoOn)),
            _above: None,
        }
    }
}

impl Orders {
    /// Orders of a part: it hears when the whole has to end, and what it hears stays its own.
    pub fn below(&self) -> Orders {
        let part = Orders::default();
        let (whole, hears) = (self.clone(), part.clone());
        let passing = tokio::spawn(async move { hears.give(whole.abandoned().await) });
        Orders {
            _above: Some(Arc::new(Above(passing))),
            ..part
        }
    }

    pub fn give(&self, order: Order) {
        self.sender.send_if_modified(|current| {
            let pressing = order > *current && !matches!(current, Order::LeaseLost { .. });
            if pressing {
                *current = order;
            }
            pressing
        });
    }

    pub fn current(&self) -> Order {
        self.sender.borrow().clone()
    }

    /// The next order that says to interrupt the child; at once if there is one already.
    pub async fn interrupted(&self) -> Order {
        self.at_least(|order| *order != Order::GoOn).await
    }

    /// Until nobody can be expected to listen any more.
    pub async fn abandoned(&self) -> Order {
        self.at_least(|order| matches!(order, Order::End { .. } | Order::LeaseLost { .. }))
            .await
    }

    async fn at_least(&self, wanted: impl Fn(&Order) -> bool) -> Order {
        let mut receiver = self.sender.subscribe();
        let found = receiver.wait_for(wanted).await.map(|order| order.clone());
        match found {
            Ok(order) => order,
            // Does not happen: the sender lives in `self`.
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits before something is tried again. `false`: don't.
    pub async fn pause(&self, time: Duration) -> bool {
        tokio::select! {
            biased;
            _ = self.abandoned() => false,
            () = tokio::time::sleep(time) => true,
        }
    }
}
