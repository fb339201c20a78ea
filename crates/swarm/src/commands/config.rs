//! `swarm config`.

use crate::{
    args::ConfigCommand,
    config::{Layers, Overrides, Shown, faults, shown},
    context::Context,
    exit::{Exit, Result},
    table::table,
};

pub(super) fn run(context: &Context, command: &ConfigCommand) -> Result<Exit> {
    let layers = Layers::of_process(Overrides::default());
    match command {
        ConfigCommand::Show => {
            context.output.print(&shown(&layers), |all| rows(all))?;
            Ok(Exit::Done)
        }
        ConfigCommand::Check => check(context, &layers),
    }
}

fn rows(all: &[Shown]) -> String {
    let rows = all.iter().map(|one| [one.key.clone(), one.value.clone(), one.origin.to_string()]);
    table(["setting", "value", "from"], rows)
}

fn check(context: &Context, layers: &Layers) -> Result<Exit> {
    let (_, faults) = faults(layers);
    context.output.print(&faults, |faults| {
        if faults.is_empty() {
            let found: Vec<_> =
                layers.files.iter().filter(|f| f.exists()).map(|f| f.display().to_string()).collect();
            let read = if found.is_empty() { "no file, only defaults".to_owned() } else { found.join(", ") };
            return format!("the configuration is sound ({read})");
        }
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    })?;
    Ok(if faults.is_empty() { Exit::Done } else { Exit::Usage })
}
