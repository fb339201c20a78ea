//! `swarm sandbox`.

use std::path::Path;

use serde::Serialize;
use swarm_sandbox::{Home, Image, ImageSource, Kernel, KernelSource, PLAIN, SandboxError};

use crate::{
    args::{ImageBuildArgs, ImageCommand, ImageFrom, SandboxCommand, SetupArgs},
    context::Context,
    doctor::{Standing, ladder},
    exit::{Exit, Failure, Result},
    output::notice,
    table::table,
};

pub(super) async fn run(context: &Context, command: SandboxCommand) -> Result<Exit> {
    let home = Home::of(&context.data()?.join("sandboxes"));
    match command {
        SandboxCommand::Doctor => doctor(context).await,
        SandboxCommand::Setup(args) => setup(context, home, args).await,
        SandboxCommand::Image(ImageCommand::List) => list(context, &home),
        SandboxCommand::Image(ImageCommand::Build(args)) => build(context, home, args).await,
        SandboxCommand::Image(ImageCommand::Rm { name }) => {
            Image::remove(&home, &name).map_err(|error| error.problem())?;
            context.output.say(&format!("removed the image {name}"))?;
            Ok(Exit::Done)
        }
        SandboxCommand::Bench(args) => super::sandbox_bench::run(context, args).await,
    }
}

async fn doctor(context: &Context) -> Result<Exit> {
    let found = ladder(&context.data()?).await;
    context.output.print(&found, |found| super::doctor::in_words(found))?;
    let missing = found.iter().any(|one| one.standing == Standing::Missing);
    Ok(if missing { Exit::Environment } else { Exit::Done })
}

#[derive(Serialize)]
struct Ready {
    release: String,
    origin: String,
    folder: String,
}

async fn setup(context: &Context, home: Home, args: SetupArgs) -> Result<Exit> {
    let source = match args.kernel {
        Some(path) => KernelSource::File { path, modules: args.modules },
        None => KernelSource::Package,
    };
    notice("getting a kernel for microVMs …");
    let folder = home.folder().display().to_string();
    let kernel = apart(move || Kernel::install(&home, &source)).await?;
    let ready = Ready { release: kernel.release().to_owned(), origin: kernel.origin().to_owned(), folder };
    context.output.print(&ready, |ready| {
        format!(
            "microVMs start Linux {} (from {}), kept in {}\ntry it: `swarm sandbox doctor`",
            ready.release, ready.origin, ready.folder
        )
    })?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Described {
    name: String,
    origin: String,
    packages: Vec<String>,
    bytes: u64,
    used: bool,
}

impl Described {
    fn of(image: &Image, usual: &str) -> Self {
        let facts = image.facts().clone();
        Self {
            name: image.name().to_owned(),
            origin: facts.origin,
            packages: facts.packages,
            bytes: facts.bytes,
            used: image.name() == usual,
        }
    }
}

fn list(context: &Context, home: &Home) -> Result<Exit> {
    let usual = Image::usual(home).map(|image| image.name().to_owned()).unwrap_or_default();
    let mut all = Vec::new();
    for name in [vec![PLAIN.to_owned()], Image::names(home)].concat() {
        match Image::named(home, &name) {
            Ok(image) => all.push(Described::of(&image, &usual)),
            Err(error) => notice(&format!("{name}: {error}")),
        }
    }
    context.output.print(&all, |all| {
        let rows = all.iter().map(|image| {
            [
                image.name.clone(),
                if image.used { "yes" } else { "" }.to_owned(),
                format!("{} MiB", image.bytes.div_ceil(1 << 20)),
                image.origin.clone(),
                image.packages.join(", "),
            ]
        });
        table(["image", "used", "size", "made from", "packages"], rows)
    })?;
    Ok(Exit::Done)
}

async fn build(context: &Context, home: Home, args: ImageBuildArgs) -> Result<Exit> {
    let source = match (args.from, args.path) {
        (ImageFrom::Debian, _) => ImageSource::Debian { packages: args.packages },
        (ImageFrom::Dir, path) => ImageSource::Folder(absolute(&path.unwrap_or_default())?),
        (ImageFrom::OciTar, path) => ImageSource::OciTar(absolute(&path.unwrap_or_default())?),
    };
    notice("building the image; a Debian takes a minute …");
    let image = apart(move || Image::build(&home, &args.name, &source)).await?;
    context.output.print(&Described::of(&image, image.name()), |image| {
        format!("built the image {} from {}: {} MiB", image.name, image.origin, image.bytes.div_ceil(1 << 20))
    })?;
    Ok(Exit::Done)
}

fn absolute(path: &Path) -> Result<std::path::PathBuf> {
    std::fs::canonicalize(path).map_err(|error| Failure::io(format!("find {}", path.display()), error))
}

/// Runs what blocks where it holds nothing up.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> std::result::Result<T, SandboxError> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| Failure::io("wait for the work", std::io::Error::other(error)))?;
    Ok(done.map_err(|error| error.problem())?)
}
