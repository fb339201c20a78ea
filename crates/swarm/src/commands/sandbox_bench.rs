//! `swarm sandbox bench`: how long sandboxes take to start here, and what they hold.

use swarm_domain::attempt::Rung;
use swarm_sandbox::figures::{self, Figures, Stage};

use crate::{
    args::{MeasuredRung, SandboxBenchArgs},
    context::Context,
    exit::{Exit, Result},
    output::notice,
    table::table,
};

pub(super) async fn run(context: &Context, args: SandboxBenchArgs) -> Result<Exit> {
    let rung = match args.rung {
        MeasuredRung::Firecracker => Rung::Firecracker,
        MeasuredRung::Qemu => Rung::Qemu,
        MeasuredRung::Bubblewrap => Rung::Bubblewrap,
    };
    let state = context.data()?.join("sandboxes");
    // Of a measurement that was broken off.
    swarm_sandbox::sweep(&state).await.map_err(|error| error.problem())?;
    let said = |step: &str| notice(&format!("measuring {step} …"));
    let measured = figures::measure(rung, &state, usize::from(args.number), &said).await;
    context.output.print(&measured.map_err(|error| error.problem())?, in_words)?;
    Ok(Exit::Done)
}

fn in_words(figures: &Figures) -> String {
    let host = &figures.host;
    let mut text = format!("{}: {}\n", figures.rung, figures.program);
    if let Some(machine) = &figures.machine {
        text += &format!(
            "machine: {} MiB, {} vCPU, Linux {}, image {}\n",
            machine.memory_mib, machine.vcpus, machine.kernel, machine.image
        );
    }
    text += &format!(
        "host: {} × {}, {} MiB, Linux {}, load before {:.1}\n\n",
        host.processors, host.processor, host.memory_mib, host.kernel, host.load_before
    );
    let header = ["stage, in ms", "of", "p50", "p95", "p99", "alone p50", "alone p99", "ratio"];
    text += &table(header, figures.stages.iter().map(row));
    let at_once = &figures.at_once;
    text += &format!(
        "\n\n{} at once: the last one had answered after {:.0} ms\n",
        at_once.count, at_once.wall_ms
    );
    if let Some(memory) = &figures.memory {
        text += &format!(
            "memory of each of {}: {:.1} MiB in proportion, of which the monitor and its walls {:.1} MiB\n",
            memory.count, memory.each_mib, memory.monitor_mib
        );
    }
    text + "\n`alone`: the same step without swarm's parts, in turns with swarm's. `ratio`: of the two p50."
}

fn row(stage: &Stage) -> [String; 8] {
    let time = |ms: f64| format!("{ms:.1}");
    let alone = |of: fn(&figures::Spread) -> f64| {
        stage.alone.as_ref().map_or_else(|| "-".to_owned(), |spread| time(of(spread)))
    };
    [
        stage.name.to_owned(),
        stage.swarm.of.to_string(),
        time(stage.swarm.p50_ms),
        time(stage.swarm.p95_ms),
        time(stage.swarm.p99_ms),
        alone(|spread| spread.p50_ms),
        alone(|spread| spread.p99_ms),
        stage.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}")),
    ]
}

#[cfg(test)]
mod tests {
    use swarm_sandbox::figures::{AtOnce, HostFacts, MachineFacts, Memory, Spread};

    use super::*;

    #[test]
    fn figures_are_a_table_with_what_they_were_measured_on() {
        let spread =
            |p50_ms| Spread { of: 10, p50_ms, p95_ms: 2.0 * p50_ms, p99_ms: 3.0 * p50_ms, max_ms: 90.0 };
        let figures = Figures {
            rung: Rung::Qemu,
            host: HostFacts {
                processors: 2,
                processor: "Some Processor".to_owned(),
                memory_mib: 1_024,
                kernel: "6.1".to_owned(),
                load_before: 0.25,
            },
            program: "QEMU 9".to_owned(),
            machine: Some(MachineFacts {
                memory_mib: 256,
                vcpus: 1,
                kernel: "6.2".to_owned(),
                image: "plain".to_owned(),
            }),
            stages: vec![
                Stage { name: "one", swarm: spread(11.0), alone: Some(spread(10.0)), ratio: Some(1.1) },
                Stage { name: "two", swarm: spread(5.0), alone: None, ratio: None },
            ],
            at_once: AtOnce { count: 50, wall_ms: 2_000.4 },
            memory: Some(Memory { count: 50, each_mib: 20.5, monitor_mib: 12.25 }),
        };
        let text = in_words(&figures);
        let lines: Vec<Vec<_>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert!(lines.contains(&vec!["one", "10", "11.0", "22.0", "33.0", "10.0", "30.0", "1.10"]), "{text}");
        assert!(lines.contains(&vec!["two", "10", "5.0", "10.0", "15.0", "-", "-", "-"]), "{text}");
        for part in ["2 × Some Processor", "256 MiB, 1 vCPU", "50 at once", "after 2000 ms", "20.5 MiB"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
