//! What a connection does with what its client says.

use std::time::Duration;

use tokio::time::Instant;

use super::{answer, connection::Connection};
use crate::live::{
    frame::{Asked, ClientFrame, Close, CorrelationId, Said},
    meter::Heard,
    path::Path,
    version::Version,
};

/// How many messages in a row that were no frames, or too many, end a connection.
const PATIENCE: u32 = 40;

/// What an answer says of what it answers.
struct To {
    correlation: Option<CorrelationId>,
    re: Option<String>,
}

impl Connection {
    /// A text came, or a sign of life.
    pub(super) fn came(&mut self, text: Option<&str>) -> Result<(), Close> {
        self.heard = Instant::now();
        if let Err(wait) = self.taken.seat.take_message() {
            return self.refuse(text.map_or(0, str::len), wait);
        }
        match text.map(|text| (text.len(), ClientFrame::parse(text, self.version))) {
            None => Ok(()),
            Some((bytes, Ok(frame))) => {
                self.line.heard(frame.asked.kind(), bytes);
                self.faults = 0;
                tracing::debug!(kind = ?frame.asked.kind(), correlation = frame.correlation(), "heard");
                let to = To { correlation: frame.correlation_id, re: frame.id };
                self.answer(frame.asked, to)
            }
            Some((bytes, Err((fault, re)))) => {
                self.line.heard(Heard::Malformed, bytes);
                self.tell(None, Said::error(answer::malformed(&fault), re));
                self.fault(Close::Malformed)
            }
        }
    }

    fn refuse(&mut self, bytes: usize, wait: Duration) -> Result<(), Close> {
        self.line.heard(Heard::Refused, bytes);
        let limits = &self.live.limits;
        let mut said = Said::error(answer::rate(limits.messages_per_second, limits.burst), None);
        if let Said::Error { retry_after_ms, .. } = &mut said {
            *retry_after_ms = u64::try_from(wait.as_millis()).ok().map(|millis| millis + 1);
        }
        self.tell(None, said);
        self.fault(Close::Flood)
    }

    fn fault(&mut self, close: Close) -> Result<(), Close> {
        self.faults += 1;
        if self.faults < PATIENCE { Ok(()) } else { Err(close) }
    }

    fn answer(&mut self, asked: Asked, to: To) -> Result<(), Close> {
        let first = !std::mem::replace(&mut self.agreed, true);
        match asked {
            Asked::Hello { version } if first => return self.hello(&version),
            Asked::Hello { .. } => self.tell(to.correlation, Said::error(answer::late_hello(), to.re)),
            Asked::Ping {} => {
                let position = self.position;
                self.tell(to.correlation, Said::Pong { position, re: to.re });
            }
            Asked::Resume { after } => {
                self.tell(to.correlation, Said::Resumed { after, re: to.re });
                self.go_to(after);
            }
            Asked::Subscribe { paths, after } => self.subscribe(&paths, after, to),
            Asked::Unsubscribe { paths } => self.unsubscribe(&paths, to),
        }
        Ok(())
    }

    fn hello(&mut self, asked: &str) -> Result<(), Close> {
        let Some(version) = Version::parse(asked) else {
            self.why = Some(answer::version(&asked.chars().take(32).collect::<String>()));
            return Err(Close::Version);
        };
        self.version = version;
        self.welcome();
        Ok(())
    }

    fn subscribe(&mut self, given: &[String], after: Option<u64>, to: To) {
        let most = self.live.limits.max_subscriptions;
        let paths = answer::paths(&self.live, &self.taken.seat.who, given).and_then(|paths| {
            let fresh = paths.iter().filter(|path| !self.paths.contains(path)).count();
            if self.paths.len() + fresh > most { Err(answer::too_many(most)) } else { Ok(paths) }
        });
        let paths = match paths {
            Ok(paths) => paths,
            Err(problem) => return self.tell(to.correlation, Said::error(problem, to.re)),
        };
        for path in &paths {
            self.taken.follow(path.clone());
            self.paths.insert(path.clone());
        }
        if let Some(after) = after.filter(|after| *after < self.position) {
            self.go_to(after);
        }
        let (position, paths) = (self.position, written(&paths));
        self.tell(to.correlation, Said::Subscribed { paths, position, re: to.re });
    }

    fn unsubscribe(&mut self, given: &[String], to: To) {
        let paths: Result<Vec<Path>, _> = given.iter().map(|text| Path::parse(text)).collect();
        match paths {
            Err(error) => self.tell(to.correlation, Said::error(answer::not_a_path(&error), to.re)),
            Ok(paths) => {
                for path in &paths {
                    self.leave(path);
                }
                let paths = written(&paths);
                self.tell(to.correlation, Said::Unsubscribed { paths, why: None, re: to.re });
            }
        }
    }
}

fn written(paths: &[Path]) -> Vec<String> {
    paths.iter().map(Path::to_string).collect()
}
