//! An HTTP server that keeps what it is asked, and answers as it is told.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};

/// What it does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Answers with this status and these headers.
    Status(u16, Vec<(&'static str, String)>),
    /// Never answers.
    Hang,
    /// Breaks the line once it has the request.
    Drop,
}

/// A request that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Method and target.
    pub line: String,
    /// The headers, in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// A server on loopback. It ends when it is dropped.
#[derive(Debug)]
pub struct Receiver {
    /// Where it is, without a path.
    pub url: String,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    received: mpsc::UnboundedReceiver<Received>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// Starts one that answers with 200.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers: Arc<Mutex<VecDeque<Answer>>> = Arc::default();
        let (sender, received) = mpsc::unbounded_channel();
        let planned = Arc::clone(&answers);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&planned), sender.clone()));
            }
        });
        Self { url, answers, received, task }
    }

    /// Says what it does with the next requests.
    pub fn plan(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).extend(answers);
    }

    /// The next request that comes in.
    pub async fn next(&mut self) -> Received {
        let next = tokio::time::timeout(std::time::Duration::from_mins(1), self.received.recv()).await;
        next.expect("a request comes in").unwrap()
    }

    /// A request that came in already, if one did.
    pub fn came(&mut self) -> Option<Received> {
        self.received.try_recv().ok()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    sender: mpsc::UnboundedSender<Received>,
) {
    let Some(received) = read(&mut stream).await else { return };
    let answer = answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let _ = sender.send(received);
    match answer.unwrap_or(Answer::Status(200, Vec::new())) {
        Answer::Status(status, headers) => {
            let mut text = format!("HTTP/1.1 {status} -\r\ncontent-length: 0\r\nconnection: close\r\n");
            for (name, value) in headers {
                text += &format!("{name}: {value}\r\n");
            }
            let _ = stream.write_all(format!("{text}\r\n").as_bytes()).await;
        }
        Answer::Hang => std::future::pending().await,
        Answer::Drop => {}
    }
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let line = lines.next()?.to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize =
        headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Received { line, headers, body })
}
