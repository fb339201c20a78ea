//! What may be spent.

use clap::{Args, Subcommand};
use swarm_domain::{
    MicroUsd,
    quota::{Period, QuotaScope},
};

/// `swarm budget`.
#[derive(Debug, Subcommand)]
pub(crate) enum BudgetCommand {
    /// The quotas: what may be spent, what was, and when they begin anew
    #[command(after_help = "Example:\n  swarm budget list")]
    List,
    /// Limit what a tenant, a project, an agent or an API key may spend, or how many runs it has at once
    #[command(after_help = "\
Examples:
  swarm budget set tenant --usd 200                    200 US dollars a month, whoever spends them
  swarm budget set project:shop --usd 20 --per day     20 a day for the work on one project
  swarm budget set agent:implementer --tokens 5000000  what one agent may take, wherever it works
  swarm budget set key:key_01jd… --usd 5 --runs 1      what an API key begins, one run at a time")]
    Set(BudgetSetArgs),
    /// Lift a quota: it limits no more
    #[command(after_help = "Example:\n  swarm budget lift project:shop")]
    Lift {
        /// Whose: tenant, project:NAME, agent:NAME or key:ID
        scope: QuotaScope,
    },
}

/// `swarm budget set`.
#[derive(Debug, Args)]
pub(crate) struct BudgetSetArgs {
    /// Whose: tenant, project:NAME, agent:NAME or key:ID
    pub(crate) scope: QuotaScope,

    /// At most this many US dollars in a period
    #[arg(long, value_name = "USD", required_unless_present_any = ["tokens", "runs"])]
    pub(crate) usd: Option<MicroUsd>,

    /// At most this many tokens in a period, in and out together
    #[arg(long, value_name = "COUNT")]
    pub(crate) tokens: Option<u64>,

    /// At most this many runs at once; not for an agent
    #[arg(long, value_name = "COUNT")]
    pub(crate) runs: Option<u32>,

    /// When it begins anew, in UTC: day, month or ever (never)
    #[arg(long, value_name = "PERIOD", default_value = "month")]
    pub(crate) per: Period,
}
