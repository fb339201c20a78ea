//! `swarm stats --fleet`.

use std::fmt::Write;

use swarm_domain::vitals::{SandboxVitals, Vitals};

use crate::{
    context::Context,
    door,
    exit::{Exit, Result},
    output,
    table::table,
    wire,
};

pub(super) async fn run(context: &Context) -> Result<Exit> {
    let found = door::reading(context, async |client| Ok(client.fleet().await?)).await?;
    if !context.output.document(&found)? {
        output::line(in_words(&wire::read(&found)?).trim_end())?;
    }
    Ok(Exit::Done)
}

fn in_words(found: &Vitals) -> String {
    let (queue, work, trouble, models) = (&found.queue, &found.work, &found.trouble, &found.models);
    let mut text = format!(
        "queue      {} wait, {} are worked on, the oldest waits for {} s\n",
        queue.waiting, queue.working, queue.oldest_waiting_seconds
    );
    let _ = writeln!(text, "\nin the last {} min", found.window_seconds / 60);
    let each = work.usd_a_ticket().map_or_else(|| "-".to_owned(), |usd| usd.to_string());
    let again = work
        .rework_milli()
        .map_or_else(|| "-".to_owned(), |milli| format!("{}.{} %", milli / 10, milli % 10));
    let _ = writeln!(text, "tickets    {} merged, {each} each", work.merged);
    let _ = writeln!(
        text,
        "attempts   {} ended, {} accepted; {again} were not the first of their ticket",
        work.attempts, work.accepted
    );
    let _ = writeln!(text, "models     {} calls, {}", work.calls, work.usd);
    let _ = writeln!(
        text,
        "failed     {} steps by a sandbox ({} done again in another microVM), {} by a model, {} by something else",
        trouble.sandbox, trouble.replaced, trouble.model, trouble.other
    );
    let _ =
        writeln!(text, "           {} loops, {} calls stopped by a budget", trouble.loops, trouble.budgets);
    text.push_str("\nnow\n");
    let _ = writeln!(
        text,
        "models     {} known, {} rest, {} calls run, {} wait",
        models.known, models.resting, models.in_flight, models.waiting
    );
    if let Some(budget) = &found.budget {
        let _ = writeln!(text, "budget     {} has used {} % of its own", budget.whose, budget.used_percent);
    }
    text += &sandboxes(&found.sandboxes);
    text
}

/// Those of the server's process, since it began.
fn sandboxes(found: &SandboxVitals) -> String {
    if found.kinds.is_empty() {
        return format!("sandboxes  none yet in the process that answers ({})", found.rung);
    }
    let rows = found.kinds.iter().map(|kind| {
        [kind.kind.word().to_owned(), kind.there.to_string(), kind.begun.to_string(), kind.ended.to_string()]
    });
    let mut text = format!("\nsandboxes of the process that answers ({}), since it began\n", found.rung);
    text += &table(["", "there", "begun", "ended"], rows);
    let rows = found.stages.iter().map(|one| {
        let within = |percent| {
            let bound = one.took.within_ms(percent);
            bound.map_or_else(|| "longer".to_owned(), |millis| format!("{millis} ms"))
        };
        [one.stage.word().to_owned(), one.took.count().to_string(), within(50), within(95)]
    });
    text.push_str("\n\n");
    text += &table(["stage", "times", "half within", "95 % within"], rows);
    let _ = write!(text, "\n\n{} machines were never heard", found.unheard);
    text
}

#[cfg(test)]
mod tests {
    use swarm_domain::vitals::{Histogram, SandboxKind, SandboxKindVitals, SandboxStage, StageVitals};

    use super::*;

    #[test]
    fn an_idle_house_says_so_and_a_busy_one_says_how() {
        let mut vitals = Vitals { window_seconds: 900, ..Vitals::default() };
        let said = in_words(&vitals);
        assert!(said.contains("0 merged, - each") && said.contains("none yet"), "{said}");
        let mut took = Histogram::default();
        took.add(40);
        vitals.sandboxes = SandboxVitals {
            rung: "qemu".to_owned(),
            kinds: vec![SandboxKindVitals { kind: SandboxKind::Microvm, there: 2, begun: 5, ended: 3 }],
            unheard: 1,
            stages: vec![StageVitals { stage: SandboxStage::FirstWord, took }],
        };
        let said = in_words(&vitals);
        assert!(said.contains("(qemu)") && said.contains("first_word") && said.contains("50 ms"), "{said}");
    }
}
