//! `swarm budget`.

use swarm_client::types;
use swarm_domain::MicroUsd;

use crate::{
    args::{BudgetCommand, BudgetSetArgs},
    context::Context,
    door,
    exit::{Exit, Result},
    progress::plain,
    table::{local, table},
};

pub(super) async fn run(context: &Context, command: BudgetCommand) -> Result<Exit> {
    match command {
        BudgetCommand::List => {
            let rows = door::reading(context, async |client| Ok(client.budgets().await?)).await?;
            context.output.print(&rows, |rows| listed(rows))?;
        }
        BudgetCommand::Set(args) => {
            let new = new(&args);
            let row = door::reading(context, async |client| Ok(client.set_budget(&new).await?)).await?;
            context.output.print(&row, |row| listed(std::slice::from_ref(row)))?;
        }
        BudgetCommand::Lift { scope } => {
            let scope = scope.to_string();
            door::reading(context, async |client| Ok(client.lift_budget(&scope).await?)).await?;
            context.output.print(&serde_json::json!({ "lifted": scope }), |_| {
                format!("the quota of {scope} is lifted: it limits no more")
            })?;
        }
    }
    Ok(Exit::Done)
}

fn new(args: &BudgetSetArgs) -> types::NewQuota {
    let per = match args.per {
        swarm_domain::quota::Period::Day => types::Period::Day,
        swarm_domain::quota::Period::Month => types::Period::Month,
        swarm_domain::quota::Period::Ever => types::Period::Ever,
    };
    types::NewQuota {
        scope: args.scope.to_string(),
        per: Some(per),
        usd: args.usd.map(|usd| usd.0),
        tokens: args.tokens,
        runs: args.runs,
    }
}

fn listed(rows: &[types::QuotaRow]) -> String {
    if rows.is_empty() {
        return "no quota is set, so that only runs' own budgets limit spending: `swarm budget set tenant --usd 200`"
            .to_owned();
    }
    let line = |row: &types::QuotaRow| {
        let money = of(&MicroUsd(row.spent.usd), row.quota.budget.usd.map(MicroUsd));
        let tokens = of(&row.spent.tokens_in.saturating_add(row.spent.tokens_out), row.quota.budget.tokens);
        let runs = of(&row.runs, row.quota.runs);
        let renews = row.renews.as_ref().map_or_else(|| "never".to_owned(), ToString::to_string);
        [
            scope(&row.scope),
            money,
            tokens,
            runs,
            renews,
            format!("{}, {}", plain(&row.set_by), local(row.set_at)),
        ]
    };
    let head = ["whose", "spent", "tokens", "runs at once", "begins anew (UTC)", "set"];
    table(head, rows.iter().map(line))
}

/// What was used, and of how much where that is limited.
fn of<T: ToString>(used: &T, limit: Option<T>) -> String {
    let used = used.to_string();
    limit.map_or_else(|| used.clone(), |limit| format!("{used} of {}", limit.to_string()))
}

fn scope(scope: &types::QuotaScope) -> String {
    match scope {
        types::QuotaScope::Tenant => "tenant".to_owned(),
        types::QuotaScope::Project { project } => format!("project:{project}"),
        types::QuotaScope::Agent { agent } => format!("agent:{}", plain(agent)),
        types::QuotaScope::Key { key } => format!("key:{key}"),
        types::QuotaScope::Unknown => "somebody that this program does not know".to_owned(),
    }
}
