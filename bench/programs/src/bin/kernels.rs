//! The pure rules that every build goes through, so that the instructions they take can be counted: no clock, no I/O.

use std::collections::BTreeMap;

use clap::{Parser, ValueEnum};
use swarm_bench::{Failure, parts_spec};
use swarm_domain::{
    PlanId, SpecId, TicketId,
    clash::Forecast,
    estimate::Estimate,
    lint,
    plan::Plan,
    schedule::{Bounds, Command, Schedule, TicketEnd},
    skeleton,
    spec::{self, Spec},
    ticket::TicketState,
    train::End,
};

#[derive(Clone, Copy, ValueEnum)]
enum Kernel {
    /// Read a spec.
    Parse,
    /// Draw up its tickets.
    Draft,
    /// Look for faults in the plan.
    Lint,
    /// Foresee which tickets would clash.
    Forecast,
    /// Lead the build from its first ticket to its last merge.
    Schedule,
}

#[derive(Parser)]
struct Arguments {
    #[arg(long, value_enum)]
    kernel: Kernel,
    /// Requirements of the spec; each becomes a ticket.
    #[arg(long)]
    tickets: usize,
    /// How often.
    #[arg(long)]
    times: usize,
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let text = parts_spec::spec(arguments.tickets, 8);
    let spec = spec::parse(&text)?;
    let plan = plan(&spec)?;
    let forecast = Forecast::of(&plan, &[]);
    // What came of it is added up and printed, so that no work can be left out.
    let mut sum = 0;
    for _ in 0..arguments.times {
        sum += match arguments.kernel {
            Kernel::Parse => spec::parse(&text)?.requirements.len(),
            Kernel::Draft => skeleton::draft(&spec, None).tickets.len(),
            Kernel::Lint => 1 + lint::lint(&plan, &spec).len(),
            Kernel::Forecast => 1 + Forecast::of(&plan, &[]).len(),
            Kernel::Schedule => led(plan.clone(), forecast.clone())?,
        };
    }
    println!("{}", serde_json::json!({ "sum": sum }));
    Ok(())
}

fn plan(spec: &Spec) -> Result<Plan, Failure> {
    Ok(Plan {
        id: PlanId::parse("plan-bench")?,
        spec: SpecId::parse("spec-bench")?,
        tickets: skeleton::draft(spec, None).tickets,
        estimate: Estimate::default(),
        model: String::new(),
    })
}

/// A build in which all goes well: how many tickets it merged.
fn led(plan: Plan, forecast: Forecast) -> Result<usize, Failure> {
    let all = plan.tickets.len();
    let waiting = |id: &TicketId| (id.clone(), TicketState::Waiting);
    let states: BTreeMap<_, _> = plan.tickets.iter().map(|ticket| waiting(&ticket.id)).collect();
    let mut schedule = Schedule::new(plan, forecast, Bounds { max_parallel: 8, train_length: 4 }, states);
    let mut merged = 0;
    loop {
        let commands = schedule.commands();
        if commands.is_empty() && schedule.is_idle() {
            break;
        }
        for command in commands {
            match command {
                Command::StartTicket { ticket, .. } => schedule.ticket_ended(&ticket, TicketEnd::Verified),
                Command::StartTrain { tickets, .. } => {
                    merged += tickets.len();
                    schedule.train_ended(&vec![End::Merged; tickets.len()]);
                }
                Command::Hold { .. } | Command::GiveUp { .. } => {}
            }
        }
    }
    if merged == all { Ok(merged) } else { Err(format!("{merged} of {all} tickets were merged").into()) }
}
