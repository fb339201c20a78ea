//! Handing a message to a mail server.

use std::time::Duration;

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    message::{Mailbox, Message as Mail, MultiPart, header},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use swarm_domain::{identity::EmailAddress, secret::Secret};

use crate::{
    EmailConfig, Message, SendError, SmtpTls,
    message::line,
    render::{mail_html, mail_text},
};

/// The longest subject, in characters.
const MAX_SUBJECT: usize = 120;
/// The largest file of certificates.
const MAX_CERTIFICATES: u64 = 1 << 20;

/// Mail that no person wrote (RFC 3834): nobody's absence is to answer it.
#[derive(Clone)]
struct AutoSubmitted;

impl header::Header for AutoSubmitted {
    fn name() -> header::HeaderName {
        header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> header::HeaderValue {
        header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

pub(crate) async fn send(
    config: &EmailConfig,
    message: &Message,
    to: &EmailAddress,
    password: Option<&Secret>,
) -> Result<(), SendError> {
    let mail = mail(config, message, to)?;
    let transport = transport(config, password).await?;
    let sent = tokio::time::timeout(Duration::from_secs(config.timeout_seconds), transport.send(mail)).await;
    match sent {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(judged(&error)),
        Err(_) => Err(SendError::later("the mail server did not answer in time")),
    }
}

fn mail(config: &EmailConfig, message: &Message, to: &EmailAddress) -> Result<Mail, SendError> {
    let never = |what: &str| SendError::Never(format!("{what} is none that mail can go to"));
    let from =
        Mailbox::new(Some("swarm".to_owned()), config.from.as_str().parse().map_err(|_| never("`from`"))?);
    let to = Mailbox::new(None, to.as_str().parse().map_err(|_| never("the address"))?);
    let domain = config.from.as_str().split_once('@').map_or("localhost", |(_, domain)| domain);
    Mail::builder()
        // The same each time that it is sent.
        .message_id(Some(format!("<{}@{domain}>", line(&message.id, 64))))
        .from(from)
        .to(to)
        .subject(line(&message.title, MAX_SUBJECT))
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(mail_text(message), mail_html(message)))
        .map_err(|error| SendError::Never(format!("no mail can be made of it: {error}")))
}

async fn transport(
    config: &EmailConfig,
    password: Option<&Secret>,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, SendError> {
    let (tls, port) = match config.tls {
        SmtpTls::None => (Tls::None, 25),
        SmtpTls::StartTls => (Tls::Required(parameters(config).await?), 587),
        SmtpTls::Tls => (Tls::Wrapper(parameters(config).await?), 465),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
        .port(config.port.unwrap_or(port))
        .tls(tls)
        .timeout(Some(Duration::from_secs(config.timeout_seconds)));
    if let Some(password) = password.filter(|_| !config.user.is_empty()) {
        builder = builder.credentials(Credentials::new(config.user.clone(), password.expose().to_owned()));
    }
    Ok(builder.build())
}

async fn parameters(config: &EmailConfig) -> Result<TlsParameters, SendError> {
    let mut parameters = TlsParameters::builder(config.host.clone());
    if let Some(file) = &config.ca_file {
        let never = || SendError::Never(format!("{} holds no certificate that can be read", file.display()));
        let meta = tokio::fs::metadata(file).await.map_err(|_| never())?;
        if !meta.is_file() || meta.len() > MAX_CERTIFICATES {
            return Err(never());
        }
        let pem = tokio::fs::read(file).await.map_err(|_| never())?;
        parameters = parameters.add_root_certificate(Certificate::from_pem(&pem).map_err(|_| never())?);
    }
    parameters.build().map_err(|_| SendError::Never("TLS cannot be set up".to_owned()))
}

/// Whether trying again can help. What the server said is not quoted: it may say the address, or more.
fn judged(error: &lettre::transport::smtp::Error) -> SendError {
    if let Some(code) = error.status() {
        let why = format!("the mail server answered with {code}");
        return if error.is_permanent() { SendError::Never(why) } else { SendError::later(why) };
    }
    if error.is_tls() || broke_in_tls(error) {
        return SendError::Never(
            "the mail server's certificate is not trusted, or it speaks no TLS".to_owned(),
        );
    }
    if error.is_client() {
        return SendError::Never(
            "the mail server does not offer what is needed: STARTTLS, or a way to sign in".to_owned(),
        );
    }
    SendError::later(if error.is_timeout() {
        "the mail server did not answer in time"
    } else {
        "the mail server cannot be reached"
    })
}

/// Whether a connection failed for its TLS: a handshake that fails is told as one that was lost.
fn broke_in_tls(error: &lettre::transport::smtp::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        let wrapped = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if inner.is::<rustls::Error>()
            || wrapped.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
        {
            return true;
        }
        source = inner.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> EmailConfig {
        EmailConfig {
            name: "mail".to_owned(),
            host: "localhost".to_owned(),
            port: None,
            tls: SmtpTls::None,
            user: String::new(),
            secrets: Vec::new(),
            from: EmailAddress::parse("swarm@example.org").unwrap(),
            ca_file: None,
            timeout_seconds: 20,
        }
    }

    #[test]
    fn nothing_that_is_said_becomes_a_header() {
        let hostile = "Hi\r\nBcc: eve@example.org\r\n\r\n<b>body</b>\u{202E}";
        let message = Message {
            id: "ntf_1\r\nX-Evil: 1".to_owned(),
            title: hostile.to_owned(),
            text: vec![hostile.to_owned()],
            ..Message::default()
        };
        let to = EmailAddress::parse("ada@example.org").unwrap();
        let text = String::from_utf8(mail(&config(), &message, &to).unwrap().formatted()).unwrap();
        let head = text.split("\r\n\r\n").next().unwrap();
        let names: Vec<&str> = head
            .lines()
            .filter(|line| !line.starts_with(' '))
            .filter_map(|line| line.split(':').next())
            .collect();
        for name in &names {
            assert!(
                [
                    "Message-ID",
                    "From",
                    "To",
                    "Subject",
                    "Auto-Submitted",
                    "MIME-Version",
                    "Date",
                    "Content-Type"
                ]
                .contains(name),
                "{name} in {names:?}"
            );
        }
        assert!(head.contains("Subject: Hi Bcc: eve@example.org <b>body</b>"), "{head}");
    }

    #[test]
    fn the_same_message_has_the_same_id_each_time() {
        let message = Message { id: "ntf_7".to_owned(), ..Message::default() };
        let to = EmailAddress::parse("ada@example.org").unwrap();
        for _ in 0..2 {
            let text = String::from_utf8(mail(&config(), &message, &to).unwrap().formatted()).unwrap();
            assert!(text.contains("Message-ID: <ntf_7@example.org>\r\n"), "{text}");
        }
    }
}
