//! `swarm limits`.

use swarm_client::types::{Limit, LimitLeft, LimitList, Policy};

use crate::{
    context::Context,
    door,
    exit::{Exit, Result},
    table::table,
};

pub(super) async fn run(context: &Context) -> Result<Exit> {
    let limits = door::reading(context, async |client| Ok(client.limits().await?)).await?;
    context.output.print(&limits, words)?;
    Ok(Exit::Done)
}

fn words(limits: &LimitList) -> String {
    let house = table(["for each", "how often", "which is"], limits.house.iter().map(row));
    let left = if limits.yours.is_empty() {
        "no limit holds for you: you are the operator".to_owned()
    } else {
        table(["yours", "how often", "left now", "all of it in"], limits.yours.iter().map(left))
    };
    let (bytes, seconds) = (limits.max_body_bytes, limits.request_seconds);
    format!("{house}\n\n{left}\n\na request may have {bytes} bytes and take {seconds} s")
}

fn row(limit: &Limit) -> [String; 3] {
    let (name, which) = match limit.policy {
        Policy::Address => ("address", "of those who show nobody"),
        Policy::Key => ("key", "unless it was made with a rate of its own"),
        Policy::User => ("user", "all sessions of an account together"),
        Policy::Operator => ("operator", "who shows the token of server.json"),
        Policy::Project => ("project", "whoever asks about it"),
        Policy::Tenant => ("tenant", "whoever asks"),
        Policy::Unknown => ("another", "a newer server has it"),
    };
    [name.to_owned(), limit.rate.clone(), which.to_owned()]
}

fn left(left: &LimitLeft) -> [String; 4] {
    let name = serde_json::to_value(left.policy).unwrap_or_default();
    [
        name.as_str().unwrap_or("another").to_owned(),
        left.rate.clone(),
        left.left.to_string(),
        format!("{} s", left.full_in_seconds),
    ]
}
