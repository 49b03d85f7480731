use anyhow::{Result, bail};
use gantry_testkit::client::{Client, RunView};

/// Follows a run to its end, which must be this one.
pub async fn expect_end(client: &Client, stack: &str, run: &str, state: &str) -> Result<RunView> {
    let view = client.wait_for_end(stack, run).await?;
    expect(client, stack, &view, state).await?;
    Ok(view)
}

/// Fails with the run's log unless it is in that state.
pub async fn expect(client: &Client, stack: &str, run: &RunView, state: &str) -> Result<()> {
    if run.state == state {
        return Ok(());
    }
    let log = client.whole_log(stack, &run.id).await?;
    bail!(
        "the run is {} instead of {state}: {}\n{log}",
        run.state,
        run.reason()
    )
}
