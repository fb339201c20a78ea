//! `swarm up`.

use crate::{
    args::UpArgs,
    config::{self, Layers, Overrides},
    context::Context,
    door::{self, Worker},
    exit::{Exit, Result},
    house::{Duty, House, Wiring},
    interrupt, output,
};

pub(super) async fn run(context: &Context, args: UpArgs) -> Result<Exit> {
    let data = context.data()?;
    let claim = match door::worker(&data).await? {
        Worker::Us(claim) => claim,
        Worker::Other(client) => {
            context.output.say(&format!("swarm already runs on {} at {}", data.display(), client.url()))?;
            return Ok(Exit::Done);
        }
    };
    let overrides = Overrides { sandbox: args.engine.sandbox, port: args.port, ..Overrides::default() };
    let wiring = Wiring {
        data: data.clone(),
        shown: config::shown(&Layers::of_process(overrides.clone())),
        settings: config::settings(overrides)?,
        engine: args.engine,
        claim: Some(claim),
        ..Wiring::default()
    };
    let interrupt = interrupt::token()?;
    let house = House::open(wiring, Duty::Work).await?;
    let said = match house.first_link().await {
        Ok(first) => greet(context, &house, &data, first.as_deref()),
        Err(failure) => Err(failure),
    };
    let mut ended = None;
    if said.is_ok() {
        tokio::select! {
            () = interrupt.cancelled() => {}
            problem = house.flows().ended() => ended = Some(problem),
        }
    }
    house.close().await;
    said?;
    ended.map_or(Ok(Exit::Done), |problem| Err(problem.into()))
}

fn greet(context: &Context, house: &House, data: &std::path::Path, first: Option<&str>) -> Result<()> {
    let url = house.url().unwrap_or_default();
    if context.output.json {
        let mut said = serde_json::json!({ "url": url, "data": data });
        if let Some(link) = first {
            said["first_account"] = link.into();
            said["first_start"] = format!("{url}/first-start#{link}").into();
        }
        return output::line(&said.to_string());
    }
    let database =
        if house.is_private() { "a private PostgreSQL" } else { "the database of the environment" };
    output::line(&format!("swarm is up at {url}"))?;
    for public in house.public_urls() {
        output::line(&format!("  for others: {public}"))?;
    }
    output::line(&format!(
        "  the web app is there; the API: {url}/api/docs, with the token of {}",
        data.join("server.json").display()
    ))?;
    output::line(&format!("  data: {}, {database}", data.display()))?;
    output::line(&format!("  sandbox: {}", house.sandbox().unwrap_or("none")))?;
    let none = "models: none is configured; builds will say so (`swarm doctor`)".to_owned();
    output::line(&format!("  {}", house.source().notice().unwrap_or(none)))?;
    if let Some(link) = first {
        output::line(
            "  no account yet; make the first one, an owner's (or with `swarm user join` and this address):",
        )?;
        output::line(&format!("  {url}/first-start#{link}"))?;
    }
    output::line("  Ctrl-C stops it; what is under way goes on at the next start")
}
