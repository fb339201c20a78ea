//! The routes, a file a family: what comes in, what goes out, and the handlers between. A handler extracts, calls one
//! function and renders.

pub(crate) mod account_link;
pub(crate) mod agents;
pub(crate) mod alerts;
pub(crate) mod answer;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod budgets;
pub(crate) mod cache;
mod checks;
pub(crate) mod claims;
pub(crate) mod events;
pub(crate) mod federation;
pub(crate) mod health;
pub(crate) mod hitl;
pub(crate) mod invitations;
pub(crate) mod keys;
pub(crate) mod limits;
pub(crate) mod live;
pub(crate) mod metrics;
pub(crate) mod models;
pub(crate) mod notifications;
pub(crate) mod passkeys;
pub(crate) mod plain_page;
pub(crate) mod plans;
pub(crate) mod policies;
pub(crate) mod projects;
pub(crate) mod pull_requests;
pub(crate) mod push;
pub(crate) mod quality;
pub(crate) mod record;
pub(crate) mod retention;
pub(crate) mod runs;
pub(crate) mod second_factor;
pub(crate) mod secrets;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod specs;
pub(crate) mod statistics;
pub(crate) mod tickets;
pub(crate) mod trace;
pub(crate) mod travel;
pub(crate) mod users;
pub(crate) mod vms;
pub(crate) mod workers;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// Who may come in, and by what.
fn who() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(auth::register))
        .routes(routes!(auth::login))
        .routes(routes!(auth::refresh))
        .routes(routes!(auth::logout))
        .routes(routes!(auth::verify_address))
        .routes(routes!(auth::reset_password))
        .routes(routes!(account_link::forgot))
        .routes(routes!(auth::change_password))
        .routes(routes!(federation::providers))
        .routes(routes!(federation::start_sign_in))
        .routes(routes!(federation::links))
        .routes(routes!(federation::link_provider, federation::unlink_provider))
        .routes(routes!(passkeys::passkeys, passkeys::add_passkey))
        .routes(routes!(passkeys::begin_passkey))
        .routes(routes!(passkeys::remove_passkey))
        .routes(routes!(passkeys::begin_passkey_login))
        .routes(routes!(passkeys::passkey_login))
        .routes(routes!(second_factor::begin_second_factor))
        .routes(routes!(second_factor::confirm_second_factor))
        .routes(routes!(second_factor::renew_recovery_codes))
        .routes(routes!(second_factor::remove_second_factor))
        .routes(routes!(second_factor::remove_users_second_factor))
        .routes(routes!(second_factor::second_step))
        .routes(routes!(sessions::me))
        .routes(routes!(policies::explain))
        .routes(routes!(policies::policies))
        .routes(routes!(sessions::sessions))
        .routes(routes!(sessions::end_session))
        .routes(routes!(sessions::signing_keys))
        .routes(routes!(sessions::rotate_signing_key))
        .routes(routes!(keys::make_key, keys::keys))
        .routes(routes!(keys::rotate_key))
        .routes(routes!(keys::revoke_key))
        .routes(routes!(users::users))
        .routes(routes!(users::user))
        .routes(routes!(users::change_role))
        .routes(routes!(users::disable_user))
        .routes(routes!(users::enable_user))
        .routes(routes!(users::make_link))
        .routes(routes!(invitations::invite, invitations::invitations))
        .routes(routes!(invitations::withdraw_invitation))
}

/// Every route that the document describes.
pub(crate) fn all() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .merge(who())
        .routes(routes!(projects::add_project, projects::projects))
        .routes(routes!(projects::project))
        .routes(routes!(specs::add_spec, specs::specs))
        .routes(routes!(specs::spec))
        .routes(routes!(specs::derive_spec))
        .routes(routes!(specs::draft_spec))
        .routes(routes!(specs::spec_delta))
        .routes(routes!(specs::check_spec))
        .routes(routes!(specs::survey))
        .routes(routes!(plans::request_plan, plans::plans))
        .routes(routes!(plans::plan))
        .routes(routes!(runs::start_run, runs::runs))
        .routes(routes!(runs::run))
        .routes(routes!(runs::cancel_run))
        .routes(routes!(travel::replay_run))
        .routes(routes!(travel::fork_run))
        .routes(routes!(travel::step))
        .routes(routes!(travel::diff_runs))
        .routes(routes!(tickets::tickets))
        .routes(routes!(tickets::ticket))
        .routes(routes!(tickets::retry_ticket))
        .routes(routes!(tickets::cancel_ticket))
        .routes(routes!(claims::claim))
        .routes(routes!(claims::heartbeat))
        .routes(routes!(claims::release))
        .routes(routes!(claims::complete))
        .routes(routes!(claims::claims))
        .routes(routes!(claims::demand))
        .routes(routes!(hitl::interrupts))
        .routes(routes!(hitl::interrupt))
        .routes(routes!(hitl::answer_interrupt))
        .routes(routes!(hitl::delegate_interrupt))
        .routes(routes!(notifications::notifications))
        .routes(routes!(notifications::read_notifications))
        .routes(routes!(notifications::dead_letters))
        .routes(routes!(notifications::replay_notification))
        .routes(routes!(notifications::try_channel))
        .routes(routes!(push::browsers, push::add_browser))
        .routes(routes!(push::remove_browser))
        .routes(routes!(push::try_browsers))
        .routes(routes!(trace::trace))
        .routes(routes!(statistics::overview))
        .routes(routes!(statistics::calibration))
        .routes(routes!(statistics::choice))
        .routes(routes!(statistics::deadlines))
        .routes(routes!(statistics::failures))
        .routes(routes!(alerts::fleet))
        .routes(routes!(alerts::alerts))
        .routes(routes!(quality::quality))
        .routes(routes!(agents::agents))
        .routes(routes!(agents::agent))
        .routes(routes!(models::models))
        .routes(routes!(models::check_model))
        .routes(routes!(settings::settings))
        .routes(routes!(cache::cache))
        .routes(routes!(cache::clear_cache))
        .routes(routes!(pull_requests::pull_request))
        .routes(routes!(secrets::set_secret, secrets::secrets))
        .routes(routes!(secrets::secret, secrets::remove_secret))
        .routes(routes!(secrets::rotate_secret))
        .routes(routes!(secrets::check_secrets))
        .routes(routes!(secrets::rekey_secrets))
        .routes(routes!(vms::vms))
        .routes(routes!(vms::vm, vms::stop_vm))
        .routes(routes!(vms::vm_console))
        .routes(routes!(vms::exec_vm))
        .routes(routes!(vms::take_over_vm))
        .routes(routes!(vms::renew_vm))
        .routes(routes!(vms::hand_back_vm))
        .routes(routes!(vms::snapshot_vm))
        .routes(routes!(vms::fork_vm))
        .routes(routes!(vms::snapshots))
        .routes(routes!(workers::workers))
        .routes(routes!(events::events))
        .routes(routes!(events::stream))
        .routes(routes!(events::poll))
        .routes(routes!(live::live_ticket))
        .routes(routes!(live::live_limits))
        .routes(routes!(live::live_counts))
        .routes(routes!(audit::verify))
        .routes(routes!(audit::checkpoints))
        .routes(routes!(audit::audit_keys))
        .routes(routes!(audit::rotate_audit_key))
        .routes(routes!(record::audit))
        .routes(routes!(record::export_log))
        .routes(routes!(retention::holds, retention::set_hold))
        .routes(routes!(retention::lift_hold))
        .routes(routes!(retention::purge))
        .routes(routes!(budgets::budgets, budgets::set_budget))
        .routes(routes!(budgets::lift_budget))
        .routes(routes!(audit::rebuild))
        .routes(routes!(limits::limits))
        .routes(routes!(health::health))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

/// What was begun: it goes on in the background, and is found under this id.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// The id.
    pub id: String,
}

/// Why a person wants something.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    /// In their words; may be empty.
    #[serde(default)]
    pub reason: String,
}
