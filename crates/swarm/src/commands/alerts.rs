//! `swarm alerts`.

use std::fmt::Write;

use swarm_client::types;
use swarm_domain::alert::Alert;

use crate::{
    context::Context,
    door,
    exit::{Exit, Result},
    output,
    progress::plain,
    table::{local, table},
    wire,
};

pub(super) async fn run(context: &Context, all: bool) -> Result<Exit> {
    let mut found = door::reading(context, async |client| Ok(client.alerts().await?)).await?;
    if !all {
        found.items.retain(|alert| alert.ended_at.is_none());
    }
    if !context.output.document(&found)? {
        output::line(in_words(&found, &wire::read::<Vec<_>>(&found.items)?, all).trim_end())?;
    }
    Ok(Exit::Done)
}

fn in_words(found: &types::AlertList, alerts: &[Alert], all: bool) -> String {
    if alerts.is_empty() {
        let more = if all { "" } else { "; `swarm alerts --all` shows those that ended" };
        return format!("no figure is past its bound{more}");
    }
    let rows = alerts.iter().map(|alert| {
        let ended = alert.ended_at.map_or_else(|| "goes on".to_owned(), local);
        let figures = [alert.value.to_string(), alert.bound.to_string()];
        let [value, bound] = figures;
        [alert.kind.to_string(), value, bound, local(alert.raised_at), ended]
    });
    let mut text = table(["alert", "figure", "bound", "since", "until"], rows);
    for alert in alerts.iter().filter(|alert| alert.ended_at.is_none()) {
        let _ = write!(text, "\n\n{}\n    {}", alert.kind, plain(&alert.words));
    }
    let _ = write!(text, "\n\nlately: the last {} min", found.window_seconds / 60);
    text
}

#[cfg(test)]
mod tests {
    use swarm_domain::alert::{AlertBounds, AlertKind};

    use super::*;

    #[test]
    fn what_goes_on_is_told_in_words_and_what_ended_in_a_line() {
        let list: types::AlertList = wire::read(&serde_json::json!({
            "items": [], "bounds": AlertBounds::default(), "window_seconds": 900
        }))
        .unwrap();
        assert!(in_words(&list, &[], false).contains("--all"));
        assert!(!in_words(&list, &[], true).contains("--all"));
        let at = chrono::DateTime::UNIX_EPOCH;
        let alert = |kind, ended_at| Alert {
            kind,
            value: 60,
            bound: 50,
            words: format!("{kind} and \u{1b}[31mred"),
            raised_at: at,
            ended_at,
        };
        let both = [alert(AlertKind::QueueDepth, None), alert(AlertKind::LoopDetected, Some(at))];
        let said = in_words(&list, &both, true);
        assert!(
            said.contains("goes on") && said.contains("queue_depth and") && !said.contains('\u{1b}'),
            "{said}"
        );
        assert!(!said.contains("loop_detected and") && said.ends_with("the last 15 min"), "{said}");
    }
}
