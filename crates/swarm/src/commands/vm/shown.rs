//! Sandboxes in words.

use swarm_client::types::{Rung, Vm, VmConsole, VmElsewhere, VmList, VmSnapshot, VmState};

use crate::{
    commands::wire_name,
    table::{legible, local, table},
};

pub(super) fn list(found: &VmList) -> String {
    let mut text = if found.items.is_empty() {
        "no sandbox is there; each attempt has one while its agent runs commands".to_owned()
    } else {
        let header = ["vm", "state", "rung", "for", "agent", "memory", "processor", "disk", "runs"];
        table(header, found.items.iter().map(row))
    };
    if !found.elsewhere.is_empty() {
        let header = ["with", "attempt", "agent", "rung", "since"];
        text += "\n\nelsewhere:\n";
        text += &table(header, found.elsewhere.iter().map(elsewhere));
    }
    text
}

fn row(vm: &Vm) -> [String; 9] {
    let used = &vm.used;
    [
        vm.id.clone(),
        state(vm),
        rung(vm.rung),
        what_for(vm),
        vm.agent.clone().unwrap_or_default(),
        size(used.memory_bytes),
        used.cpu_ms.map_or_else(String::new, |millis| format!("{}.{} s", millis / 1000, millis % 1000 / 100)),
        size(used.disk_bytes),
        vm.command.clone().unwrap_or_default(),
    ]
}

fn elsewhere(one: &VmElsewhere) -> [String; 5] {
    [
        one.node.clone(),
        one.attempt.clone(),
        one.agent.clone(),
        one.rung.map(rung).unwrap_or_default(),
        local(one.since),
    ]
}

fn state(vm: &Vm) -> String {
    match (&vm.state, &vm.taken_by) {
        (VmState::TakenOver, Some(by)) => format!("{by} has it"),
        (state, _) => wire_name(state).replace('_', " "),
    }
}

fn rung(rung: Rung) -> String {
    wire_name(&rung)
}

fn what_for(vm: &Vm) -> String {
    match (&vm.fork_of, &vm.attempt) {
        (Some(snapshot), _) => format!("fork of {snapshot}"),
        (None, Some(attempt)) if vm.agent.is_none() => format!("a check of {attempt}"),
        (None, Some(attempt)) => attempt.clone(),
        (None, None) if vm.state == VmState::Waiting => "whoever comes".to_owned(),
        (None, None) => vm.name.clone(),
    }
}

fn size(bytes: Option<u64>) -> String {
    bytes.map_or_else(String::new, |bytes| format!("{} MiB", bytes.div_ceil(1 << 20)))
}

pub(super) fn words(vm: &Vm) -> String {
    let mut lines = vec![
        format!("{}: {}, since {}", vm.id, state(vm), local(vm.since)),
        format!(
            "rung: {}{}",
            rung(vm.rung),
            vm.image.as_ref().map(|image| format!(", image {image}")).unwrap_or_default()
        ),
        format!("for: {}", what_for(vm)),
    ];
    for (name, value) in
        [("run", &vm.run), ("ticket", &vm.ticket), ("agent", &vm.agent), ("runs", &vm.command)]
    {
        if let Some(value) = value {
            lines.push(format!("{name}: {value}"));
        }
    }
    let used = &vm.used;
    if let Some(limits) = &vm.limits {
        let of = |used: Option<u64>, limit: u64| match used {
            Some(used) => format!("{} of {}", size(Some(used)), size(Some(limit))),
            None => format!("at most {}", size(Some(limit))),
        };
        lines.push(format!("memory: {}", of(used.memory_bytes, limits.memory_bytes)));
        lines.push(format!("disk: {}", of(used.disk_bytes, limits.disk_bytes)));
        if let Some(network) = used.network_bytes {
            lines.push(format!("network: {}", of(Some(network), limits.network_bytes)));
        }
        let processes = used.processes.map_or_else(String::new, |count| format!("{count} of "));
        lines.push(format!("processes: {processes}{} at most", limits.pids));
        lines.push(format!(
            "processor: {} thousandths, a command {} s",
            limits.cpu_milli,
            limits.wall_ms / 1000
        ));
    }
    lines.push(format!("made: {}", local(vm.made_at)));
    if !vm.console.is_empty() {
        lines.push("console:".to_owned());
        lines.extend(vm.console.iter().map(|line| format!("  {line}")));
    }
    legible(&lines.join("\n"))
}

pub(super) fn console(said: &VmConsole) -> String {
    let mut lines = said.commands.clone();
    if lines.is_empty() {
        lines.push("no command has ended in it yet".to_owned());
    }
    if !said.console.is_empty() {
        lines.push("\nits machine:".to_owned());
        lines.extend(said.console.iter().cloned());
    }
    legible(&lines.join("\n"))
}

fn holds(snapshot: &VmSnapshot) -> &'static str {
    if snapshot.memory { "files and memory" } else { "files alone" }
}

pub(super) fn snapshot(snapshot: &VmSnapshot) -> String {
    let why = if snapshot.memory { "" } else { ": only a microVM has a memory of its own" };
    format!(
        "{} has {} as it was at event {} ({}{why}), {}\nmake a sandbox of it with `swarm vm fork {}`",
        snapshot.id,
        snapshot.vm,
        snapshot.position,
        holds(snapshot),
        size(Some(snapshot.bytes)),
        snapshot.id
    )
}

pub(super) fn snapshot_row(snapshot: &VmSnapshot) -> [String; 7] {
    [
        snapshot.id.clone(),
        snapshot.vm.clone(),
        snapshot.attempt.clone().unwrap_or_default(),
        local(snapshot.at),
        snapshot.position.to_string(),
        holds(snapshot).to_owned(),
        size(Some(snapshot.bytes)),
    ]
}

pub(super) fn fork(vm: &Vm) -> String {
    format!(
        "{} was made from {}; look into it with `swarm vm shell {}`; it ends when nobody uses it for a while",
        vm.id,
        vm.fork_of.clone().unwrap_or_default(),
        vm.id
    )
}
