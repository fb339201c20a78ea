//! Counts what passes, and stops it at the limit.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The bytes of a sandbox, both ways and all its connections together.
#[derive(Debug)]
pub(super) struct Meter {
    limit: u64,
    used: AtomicU64,
}

impl Meter {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, used: AtomicU64::new(0) }
    }

    fn take(&self, bytes: usize) {
        self.used.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether no more may pass.
    pub(super) fn is_spent(&self) -> bool {
        self.used() >= self.limit
    }
}

/// The bytes of one connection.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    up: AtomicU64,
    down: AtomicU64,
}

impl Traffic {
    /// From the sandbox.
    pub(super) fn up(&self) -> u64 {
        self.up.load(Ordering::Relaxed)
    }

    /// To the sandbox.
    pub(super) fn down(&self) -> u64 {
        self.down.load(Ordering::Relaxed)
    }

    pub(super) fn both(&self) -> u64 {
        self.up().saturating_add(self.down())
    }
}

/// The sandbox's end of a connection. When the limit is reached, reading and writing fail; what one call had in hand has
/// passed by then.
#[derive(Debug)]
pub(super) struct Metered<S> {
    stream: S,
    meter: Arc<Meter>,
    traffic: Arc<Traffic>,
}

impl<S> Metered<S> {
    pub(super) fn new(stream: S, meter: Arc<Meter>, traffic: Arc<Traffic>) -> Self {
        Self { stream, meter, traffic }
    }

    fn check(&self) -> io::Result<()> {
        if self.meter.is_spent() { Err(io::Error::other("the network limit is reached")) } else { Ok(()) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check()?;
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buf);
        let read = buf.filled().len().saturating_sub(before);
        this.meter.take(read);
        this.traffic.up.fetch_add(read as u64, Ordering::Relaxed);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.check()?;
        let polled = Pin::new(&mut this.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(written)) = polled {
            this.meter.take(written);
            this.traffic.down.fetch_add(written as u64, Ordering::Relaxed);
        }
        polled
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn bytes_are_counted_each_way_and_stopped_at_the_limit_of_all() {
        let meter = Arc::new(Meter::new(10));
        let traffic = Arc::new(Traffic::default());
        let (mut far, near) = tokio::io::duplex(64);
        let mut near = Metered::new(near, Arc::clone(&meter), Arc::clone(&traffic));
        far.write_all(b"abcd").await.unwrap();
        near.read_exact(&mut [0; 4]).await.unwrap();
        near.write_all(b"xyz").await.unwrap();
        assert_eq!((traffic.up(), traffic.down(), meter.used(), meter.is_spent()), (4, 3, 7, false));

        let (_far, other) = tokio::io::duplex(64);
        let mut other = Metered::new(other, Arc::clone(&meter), Arc::default());
        other.write_all(b"123").await.unwrap();
        assert!(meter.is_spent());
        assert!(other.write_all(b"4").await.is_err());
        assert!(near.read(&mut [0; 4]).await.is_err(), "the limit is that of all connections");
        assert_eq!((meter.used(), traffic.both()), (10, 7));
    }
}
