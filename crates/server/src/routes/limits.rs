//! What holds for everybody, and what is left to who asks.

use axum::{Extension, Json, extract::State};
use serde::Serialize;
use swarm_domain::rate::RateLimit;
use utoipa::ToSchema;

use crate::{
    app::App,
    door::{Asking, Counted},
    rates::{Policy, Standing, Subject},
};

/// What holds for everybody, and what is left to who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitList {
    /// As what who asks is counted.
    pub counted_as: Policy,
    /// What is left to who asks: of each limit that this request counted for. Empty where none holds for them.
    pub yours: Vec<LimitLeft>,
    /// What this server lets everybody.
    pub house: Vec<Limit>,
    /// The largest body that a request may have, in bytes.
    pub max_body_bytes: u64,
    /// The longest that a request may take, in seconds; streams and the audit of the whole log aside.
    pub request_seconds: u64,
}

/// A limit of this server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Limit {
    /// What is counted.
    pub policy: Policy,
    /// How often each may ask, such as `100/min burst 300`; `none` where there is no limit.
    pub rate: String,
}

/// What is left of a limit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitLeft {
    /// What is counted.
    pub policy: Policy,
    /// How often may be asked: a key may have a rate of its own.
    pub rate: String,
    /// How many more requests may be made at once.
    pub left: u32,
    /// In how many seconds as many may as there can be at all.
    pub full_in_seconds: u64,
}

impl From<&Standing> for LimitLeft {
    fn from(standing: &Standing) -> Self {
        let Standing { policy, rate, left, full_in, .. } = standing;
        Self { policy: *policy, rate: rate.to_string(), left: *left, full_in_seconds: *full_in }
    }
}

/// What holds for everybody, and what is left to who asks. Asking counts.
#[utoipa::path(get, path = "/api/limits", tag = "system",
    responses((status = OK, description = "The limits.", body = LimitList)))]
pub(crate) async fn limits(
    State(app): State<App>,
    Asking(who): Asking,
    Extension(Counted(standings)): Extension<Counted>,
) -> Json<LimitList> {
    let house = Policy::ALL.map(|policy| {
        let limit: RateLimit = policy.of(app.rates.limits());
        Limit { policy, rate: limit.to_string() }
    });
    Json(LimitList {
        counted_as: Subject::of(&who).policy(),
        yours: standings.iter().map(LimitLeft::from).collect(),
        house: house.into(),
        max_body_bytes: u64::try_from(app.config.max_body_bytes).unwrap_or(u64::MAX),
        request_seconds: app.config.request_timeout.as_secs(),
    })
}
