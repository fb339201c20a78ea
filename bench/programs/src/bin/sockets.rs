//! Many WebSockets to a server, and how long it takes from saying one thing to it until each of them has heard it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use clap::{Parser, ValueEnum};
use futures::{SinkExt, StreamExt, stream};
use serde_json::json;
use swarm_bench::{Failure, Sample};
use tokio::{
    net::TcpStream,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{sleep, timeout, timeout_at},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

#[derive(Parser)]
struct Arguments {
    /// Where the WebSockets go.
    #[arg(long)]
    url: String,
    /// What the server speaks.
    #[arg(long)]
    speaks: Speech,
    /// How many WebSockets.
    #[arg(long)]
    connections: usize,
    /// How often one thing is said to all.
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Where a POST says it.
    #[arg(long)]
    say: String,
    /// What is posted; `{n}` is the number of the round.
    #[arg(long, default_value = "{}")]
    body: String,
    /// The token that the server wants.
    #[arg(long)]
    token: Option<String>,
    /// The server's process, for its memory.
    #[arg(long)]
    pid: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Speech {
    /// swarm's frames.
    Swarm,
    /// Socket.IO over WebSocket alone.
    SocketIo,
    /// A text that is what was said.
    Plain,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How many are connected at once.
const AT_ONCE: usize = 50;
/// What has not come by then is lost.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arc::new(Arguments::parse());
    let (heard, mut hears) = unbounded_channel();
    // Everything here is said by plain HTTP, but a client is not made without one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build()?;
    // The first connection and the first thing said build up what is not per connection.
    connect(&arguments, &heard).await?;
    say(&http, &arguments, 0).await?;
    sleep(Duration::from_secs(2)).await;
    let before = resident(arguments.pid)?;
    let begun = Instant::now();
    let results: Vec<_> = stream::iter(1..arguments.connections)
        .map(|_| connect(&arguments, &heard))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let failed = results.iter().filter(|done| done.is_err()).count();
    if let Some(Err(error)) = results.iter().find(|done| done.is_err()) {
        eprintln!("{failed} connections were not made; the first: {error}");
    }
    let connect_seconds = begun.elapsed().as_secs_f64();
    sleep(Duration::from_secs(2)).await;
    let bytes =
        resident(arguments.pid)?.saturating_sub(before) / u64::try_from(arguments.connections.max(2) - 1)?;
    let open = arguments.connections - failed;
    let (mut delays, mut lost) = (Vec::new(), 0);
    for round in 1..=arguments.rounds {
        while hears.try_recv().is_ok() {}
        let begun = Instant::now();
        let (said, came) = tokio::join!(say(&http, &arguments, round), collect(&mut hears, open));
        said?;
        lost += open - came.len();
        delays.extend(came.into_iter().map(|at| at.duration_since(begun)));
        sleep(Duration::from_millis(100)).await;
    }
    let said = json!({
        "connections": open,
        "failed": failed,
        "rounds": arguments.rounds,
        "lost": lost,
        "connect_seconds": connect_seconds,
        "bytes_per_connection": bytes,
        "delay": Sample::of(delays),
    });
    println!("{said}");
    Ok(())
}

async fn collect(hears: &mut UnboundedReceiver<Instant>, open: usize) -> Vec<Instant> {
    let end = tokio::time::Instant::now() + PATIENCE;
    let mut came = Vec::with_capacity(open);
    while came.len() < open {
        match timeout_at(end, hears.recv()).await {
            Ok(Some(at)) => came.push(at),
            _ => break,
        }
    }
    came
}

async fn say(http: &reqwest::Client, arguments: &Arguments, round: usize) -> Result<(), Failure> {
    let body = arguments.body.replace("{n}", &round.to_string());
    let mut request = http.post(&arguments.say).header("content-type", "application/json").body(body);
    if let Some(token) = &arguments.token {
        request = request.bearer_auth(token);
    }
    request.send().await?.error_for_status()?;
    Ok(())
}

async fn connect(arguments: &Arguments, heard: &UnboundedSender<Instant>) -> Result<(), Failure> {
    let mut request = arguments.url.as_str().into_client_request()?;
    if let Some(token) = &arguments.token {
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    }
    let (mut socket, _) = timeout(PATIENCE, connect_async(request)).await??;
    let speaks = arguments.speaks;
    match speaks {
        Speech::Plain => {}
        Speech::Swarm => {
            expect(&mut socket, "\"welcome\"").await?;
            let subscribe = json!({ "type": "subscribe", "paths": ["events"] });
            socket.send(Message::Text(subscribe.to_string().into())).await?;
            expect(&mut socket, "\"subscribed\"").await?;
        }
        Speech::SocketIo => {
            expect(&mut socket, "0{").await?;
            socket.send(Message::Text("40".into())).await?;
            expect(&mut socket, "40").await?;
        }
    }
    tokio::spawn(listen(socket, speaks, heard.clone()));
    Ok(())
}

async fn expect(socket: &mut Socket, part: &str) -> Result<(), Failure> {
    loop {
        match timeout(PATIENCE, socket.next()).await?.ok_or("the server closed")?? {
            Message::Text(text) if text.contains(part) => return Ok(()),
            Message::Text(text) => return Err(format!("{text} is not {part}").into()),
            _ => {}
        }
    }
}

async fn listen(mut socket: Socket, speaks: Speech, heard: UnboundedSender<Instant>) {
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let is_event = match speaks {
            Speech::Plain => true,
            Speech::Swarm => text.contains("\"type\":\"event\""),
            Speech::SocketIo => text.starts_with("42"),
        };
        if is_event && heard.send(Instant::now()).is_err() {
            return;
        }
        if speaks == Speech::SocketIo
            && text.as_str() == "2"
            && socket.send(Message::Text("3".into())).await.is_err()
        {
            return;
        }
    }
}

/// What a process holds, in bytes.
fn resident(pid: u32) -> Result<u64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: u64 = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmRSS")?.parse()?;
    Ok(kilobytes << 10)
}
