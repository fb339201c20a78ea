//! The beginning of a TLS connection: read without being changed, to see which host it asks for.

use rustls::server::{Accepted, Acceptor};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    time::timeout,
};

use super::{host::Host, host::Target, refusal::Refusal, terms::Bounds};

/// Reads the client's first message and checks that it asks for the host of the target. Returns the bytes that were
/// read: they are the beginning of the connection.
pub(super) async fn read<S>(stream: &mut S, target: &Target, bounds: &Bounds) -> Result<Vec<u8>, Refusal>
where
    S: AsyncRead + Unpin,
{
    let reading = async {
        let (mut acceptor, mut raw) = (Acceptor::default(), Vec::with_capacity(2 << 10));
        loop {
            let from = raw.len();
            match stream.read_buf(&mut raw).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Err(Refusal::NotTls(target.clone())),
            }
            if let Some(hello) = feed(&mut acceptor, &raw[from..], target)? {
                let named = hello.client_hello().server_name().map(str::to_owned);
                return check(named, target).map(|()| raw);
            }
            if raw.len() > bounds.head_bytes {
                return Err(Refusal::TooLarge("the beginning of its TLS"));
            }
        }
    };
    timeout(bounds.head_within, reading).await.unwrap_or(Err(Refusal::TooSlow("the beginning of its TLS")))
}

/// The message, once it is whole.
fn feed(acceptor: &mut Acceptor, mut bytes: &[u8], target: &Target) -> Result<Option<Accepted>, Refusal> {
    let not_tls = || Refusal::NotTls(target.clone());
    while !bytes.is_empty() {
        if acceptor.read_tls(&mut bytes).map_err(|_| not_tls())? == 0 {
            return Err(not_tls());
        }
        if let Some(accepted) = acceptor.accept().map_err(|_| not_tls())? {
            return Ok(Some(accepted));
        }
    }
    Ok(None)
}

fn check(named: Option<String>, target: &Target) -> Result<(), Refusal> {
    match named.as_deref().map(str::parse::<Host>) {
        Some(Ok(host)) if host == target.host => Ok(()),
        _ => Err(Refusal::AnotherName { target: target.clone(), named }),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use rustls::{ClientConfig, ClientConnection, RootCertStore, crypto::ring};

    use super::*;

    fn hello(name: &'static str, with_name: bool) -> Vec<u8> {
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        config.enable_sni = with_name;
        let mut client = ClientConnection::new(Arc::new(config), name.try_into().unwrap()).unwrap();
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        bytes
    }

    async fn ask(mut bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
        let target = Target::parse("pypi.org:443", None).unwrap();
        read(&mut bytes, &target, &Bounds::default()).await
    }

    #[tokio::test]
    async fn the_name_that_is_asked_for_must_be_that_of_connect() {
        let bytes = hello("pypi.org", true);
        assert_eq!(ask(&bytes).await.unwrap(), bytes);
        let refusal = ask(&hello("evil.example.net", true)).await.unwrap_err();
        assert!(
            matches!(&refusal, Refusal::AnotherName { named: Some(named), .. } if named == "evil.example.net")
        );
        assert!(matches!(
            ask(&hello("pypi.org", false)).await,
            Err(Refusal::AnotherName { named: None, .. })
        ));
    }

    #[tokio::test]
    async fn a_hello_in_many_small_pieces_is_read_as_one() {
        let bytes = hello("pypi.org", true);
        let (far, mut near) = tokio::io::duplex(3);
        let sent = bytes.clone();
        let sending = async move {
            let mut far = far;
            tokio::io::AsyncWriteExt::write_all(&mut far, &sent).await.unwrap();
            far
        };
        let target = Target::parse("pypi.org:443", None).unwrap();
        let bounds = Bounds::default();
        let (_far, read) = tokio::join!(sending, read(&mut near, &target, &bounds));
        assert_eq!(read.unwrap(), bytes);
    }

    #[tokio::test]
    async fn what_is_not_tls_is_refused() {
        for bytes in
            [b"GET / HTTP/1.1\r\n\r\n".as_slice(), b"SSH-2.0-x\r\n", b"", &[22, 3, 1, 0, 1, 0], &[0; 300]]
        {
            assert!(ask(bytes).await.is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in 0_usize..200, with: u8, raw in proptest::collection::vec(any::<u8>(), 0..300)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let _ = runtime.block_on(ask(&raw));
            let mut bytes = hello("pypi.org", true);
            bytes[at] = with;
            let _ = runtime.block_on(ask(&bytes));
        }
    }
}
