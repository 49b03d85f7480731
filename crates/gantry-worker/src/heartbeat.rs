//! Keeps the lease of a run, and hears of a stop the moment somebody asks for one.

use std::time::{Duration, Instant};

use gantry_core::ids::RunId;
use gantry_core::protocol::{Heartbeat, HeartbeatAnswer};

use crate::client::{Gateway, GatewayError};
use crate::orders::{Order, Orders};

/// How long the server may hold an answer back that says nothing new.
const HELD: Duration = Duration::from_secs(10);

/// What an answer may take beyond the time for which it is held back. A connection whose other end
/// has vanished is noticed by it, and another one is tried.
const LATE: Duration = Duration::from_secs(5);

/// Between two attempts to reach a server that doesn't answer.
const PAUSE: Duration = Duration::from_millis(250);

/// Beats until the lease is lost; whoever holds the run drops this when it lets go.
///
/// Without contact the child is interrupted before the lease is over, and the lease is asked for
/// further on: should the server be back while the child ends, it hears from us how that went.
pub async fn beat(gateway: &Gateway, run: &RunId, fence: i64, lease: Duration, orders: &Orders) {
    let path = format!("runs/{run}/heartbeat");
    let mut renewed = Instant::now();
    let mut stopping = false;
    // The last third is for ending in order.
    let alone = lease - lease / 3;
    loop {
        let held = if stopping {
            Duration::ZERO
        } else {
            HELD.min(lease / 2)
        };
        let message = Heartbeat {
            fence,
            wait_ms: held.as_millis() as u64,
        };
        let left = alone.saturating_sub(renewed.elapsed());
        let patience = match left.is_zero() {
            true => held + LATE,
            false => left.min(held + LATE),
        };
        let answer = tokio::time::timeout(
            patience,
            gateway.post::<HeartbeatAnswer>(&path, &message, held),
        )
        .await
        .unwrap_or_else(|_| {
            gateway.forget_connections();
            Err(GatewayError::Unreachable("no answer in time".into()))
        });
        match answer {
            Ok(answer) => {
                renewed = Instant::now();
                if answer.is_some_and(|answer| answer.stop) {
                    orders.give(Order::Stop);
                    stopping = true;
                }
                if stopping {
                    // From here on the server has nothing to hold an answer back for.
                    tokio::time::sleep(lease / 4).await;
                }
            }
            Err(GatewayError::Refused { reason: why, .. }) => {
                orders.give(Order::LeaseLost { why });
                return;
            }
            Err(error) if renewed.elapsed() >= alone => {
                let why = format!("no contact for {} s ({error})", renewed.elapsed().as_secs());
                orders.give(Order::LeaseLost { why });
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => {
                tracing::debug!(run.id = %run, %error, "heartbeat not answered");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
