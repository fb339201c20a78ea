//! Tickets: let a client in once, for a few seconds. For what a browser cannot send a header with, so that no lasting
//! secret ever stands in a URL.

use axum::http::{StatusCode, Uri};
use swarm_domain::identity::Principal;
use swarm_store::TicketHolder;

use super::principal::{self, LetIn};
use crate::{
    app::App,
    refusal::{Refusal, Reply},
    token::Token,
};

/// Where a ticket is taken in place of a token.
const TAKEN: [&str; 4] = ["/api/ws", "/api/dashboard/ws/dashboard", "/api/events/stream", "/api/events/poll"];

/// The ticket that a request shows, where one is taken.
pub(super) fn shown(uri: &Uri) -> Option<String> {
    if !TAKEN.contains(&uri.path()) {
        return None;
    }
    let shown = uri.query()?.split('&').find_map(|pair| pair.strip_prefix("ticket="))?;
    Some(shown.to_owned())
}

/// Takes a ticket: once, and only in its time.
pub(super) async fn redeem(app: &App, ticket: &str) -> Reply<LetIn> {
    // What cannot be a ticket is not looked for: nobody has shown yet who they are.
    let held = if Token::is_form(ticket) { app.store().redeem_ticket(ticket).await? } else { None };
    // Who it was given to may be nobody any more.
    let holder = match held {
        Some(TicketHolder { tenant, by, .. }) if tenant == *app.tenant() => principal::again(app, by).await?,
        _ => None,
    };
    holder.ok_or_else(|| {
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            "live.ticket",
            "the ticket was used, has run out, or never was one",
            "ask for another: POST /api/ws/ticket; each lets in once",
        )
    })
}

/// Gives out a ticket. Only its hash is kept.
pub(crate) async fn issue(app: &App, who: &Principal) -> Reply<Token> {
    let ticket = Token::generate(&*app.flows.parts().entropy);
    let holder = TicketHolder {
        tenant: who.tenant.clone(),
        name: who.person().to_owned(),
        by: principal::let_in_by(who),
    };
    let issued = app.store().issue_ticket(&holder, ticket.reveal(), app.config.sockets.ticket_life).await?;
    if issued {
        return Ok(ticket);
    }
    Err(Refusal::new(
        StatusCode::TOO_MANY_REQUESTS,
        "live.too_many_tickets",
        "too many of your tickets were given out and not used",
        "use one, or wait until they run out",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_opens_live_routes_and_nothing_else() {
        let shown = |uri: &str| shown(&uri.parse().unwrap());
        assert_eq!(shown("/api/ws?after=1&ticket=abc").as_deref(), Some("abc"));
        assert_eq!(shown("/api/events/stream?ticket=abc").as_deref(), Some("abc"));
        for uri in [
            "/api/ws",
            "/api/ws?tickets=abc",
            "/api/runs?ticket=abc",
            "/api/events?ticket=a",
            "/api/ws/ticket?ticket=a",
        ] {
            assert_eq!(shown(uri), None, "{uri}");
        }
    }
}
