//! QEMU's machine protocol: one JSON object a line, an answer to each command, events in between.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

/// QEMU answers at once, except on a machine that has no time for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// No answer to what we ask is longer.
const LONGEST_LINE: u64 = 1 << 20;

/// Why a command had no effect.
#[derive(Debug, thiserror::Error)]
pub(super) enum QmpError {
    /// QEMU refused.
    #[error("QEMU refused `{command}`: {detail}")]
    Refused {
        /// What was asked.
        command: String,
        /// What it said.
        detail: String,
    },
    /// QEMU is gone, or speaks something else.
    #[error("QEMU's monitor: {0}")]
    Lost(String),
}

/// A connection that commands can be given over.
#[derive(Debug)]
pub(super) struct Qmp {
    lines: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Qmp {
    /// Greets.
    pub(super) async fn greet(stream: UnixStream) -> Result<Self, QmpError> {
        let (reader, writer) = stream.into_split();
        let mut qmp = Self { lines: BufReader::new(reader), writer };
        let greeting = timeout(PATIENCE, qmp.line()).await.map_err(|_| silent("its greeting"))??;
        if greeting.get("QMP").is_none() {
            return Err(QmpError::Lost(format!("not a greeting: {greeting}")));
        }
        qmp.execute("qmp_capabilities", json!({})).await?;
        Ok(qmp)
    }

    /// Gives a command and waits for its answer.
    pub(super) async fn execute(&mut self, command: &str, arguments: Value) -> Result<Value, QmpError> {
        let asking = self.ask(command, arguments);
        timeout(PATIENCE, asking).await.map_err(|_| silent(command))?
    }

    async fn ask(&mut self, command: &str, arguments: Value) -> Result<Value, QmpError> {
        let mut line = json!({"execute": command, "arguments": arguments}).to_string();
        line.push('\n');
        self.writer.write_all(line.as_bytes()).await.map_err(|error| QmpError::Lost(error.to_string()))?;
        loop {
            let mut answer = self.line().await?;
            if let Some(error) = answer.get("error") {
                let detail = error.get("desc").and_then(Value::as_str).unwrap_or("no reason").to_owned();
                return Err(QmpError::Refused { command: command.to_owned(), detail });
            }
            if let Some(value) = answer.get_mut("return") {
                return Ok(value.take());
            }
            // An event.
        }
    }

    async fn line(&mut self) -> Result<Value, QmpError> {
        let mut line = Vec::new();
        let read = (&mut self.lines).take(LONGEST_LINE).read_until(b'\n', &mut line).await;
        read.map_err(|error| QmpError::Lost(error.to_string()))?;
        if line.last() != Some(&b'\n') {
            return Err(QmpError::Lost("it closed the connection".to_owned()));
        }
        serde_json::from_slice(&line).map_err(|error| QmpError::Lost(error.to_string()))
    }
}

fn silent(command: &str) -> QmpError {
    QmpError::Lost(format!("no answer to `{command}` within {} s", PATIENCE.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREETING: &str = r#"{"QMP": {"version": {}, "capabilities": []}}"#;

    /// Plays QEMU: writes the lines, each after it has read one, but the first at once.
    fn qemu(mut stream: UnixStream, lines: Vec<String>) -> tokio::task::JoinHandle<Vec<String>> {
        tokio::spawn(async move {
            let (reader, mut writer) = stream.split();
            let mut reader = BufReader::new(reader).lines();
            let mut heard = Vec::new();
            for line in lines {
                writer.write_all(line.as_bytes()).await.unwrap();
                writer.write_all(b"\n").await.unwrap();
                match reader.next_line().await {
                    Ok(Some(line)) => heard.push(line),
                    _ => break,
                }
            }
            heard
        })
    }

    fn play(lines: &[&str]) -> (UnixStream, tokio::task::JoinHandle<Vec<String>>) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (ours, qemu(theirs, lines.iter().map(|line| (*line).to_owned()).collect()))
    }

    #[tokio::test]
    async fn events_between_a_command_and_its_answer_are_passed_over() {
        let event = r#"{"event": "STOP", "timestamp": {}}"#;
        let answer = format!("{event}\n{event}\n{}", r#"{"return": {"status": "completed"}}"#);
        let (ours, theirs) = play(&[GREETING, r#"{"return": {}}"#, &answer]);
        let mut qmp = Qmp::greet(ours).await.unwrap();
        let value = qmp.execute("query-migrate", json!({})).await.unwrap();
        assert_eq!(value["status"], "completed");
        drop(qmp);
        let heard = theirs.await.unwrap();
        assert!(heard[0].contains("qmp_capabilities") && heard[1].contains("query-migrate"), "{heard:?}");
    }

    #[tokio::test]
    async fn a_refusal_says_what_was_refused_and_why() {
        let refusal = r#"{"error": {"class": "GenericError", "desc": "no such thing"}}"#;
        let (ours, _theirs) = play(&[GREETING, r#"{"return": {}}"#, refusal]);
        let mut qmp = Qmp::greet(ours).await.unwrap();
        let error = qmp.execute("migrate", json!({"uri": "x"})).await.unwrap_err();
        assert_eq!(error.to_string(), "QEMU refused `migrate`: no such thing");
    }

    #[tokio::test]
    async fn one_that_closes_or_speaks_something_else_is_an_error() {
        for lines in [&["{}"][..], &["SSH-2.0"], &[GREETING], &[GREETING, "half"]] {
            let (ours, theirs) = play(lines);
            let greeted = Qmp::greet(ours).await;
            assert!(matches!(greeted, Err(QmpError::Lost(_))), "{lines:?}");
            theirs.abort();
        }
    }
}
