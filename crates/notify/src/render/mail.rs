//! Mail, as text and as HTML that is good to read on a phone: one column, large enough to touch, styles in place, nothing
//! fetched from anywhere.

use crate::{
    Action, Message,
    html::escaped,
    message::{block, line},
};

/// The longest paragraph, in characters.
const MOST: usize = 4_000;

pub(crate) fn mail_text(message: &Message) -> String {
    let mut parts = vec![line(&message.title, 200)];
    parts.extend(message.text.iter().map(|text| block(text, MOST)).filter(|text| !text.is_empty()));
    if !message.facts.is_empty() {
        let fact = |(name, value): &(String, String)| format!("{}: {}", line(name, 60), line(value, 600));
        parts.push(message.facts.iter().map(fact).collect::<Vec<_>>().join("\n"));
    }
    for Action { label, url } in &message.actions {
        parts.push(format!("{}:\n{url}", line(label, 60)));
    }
    if let Some(command) = &message.command {
        parts.push(format!("On the command line: {}", line(command, 300)));
    }
    if let Some(reason) = &message.reason {
        parts.push(format!("-- \n{}", line(reason, 600)));
    }
    parts.join("\n\n") + "\n"
}

pub(crate) fn mail_html(message: &Message) -> String {
    let mut body = format!(
        "<h1 style=\"margin:0 0 16px;font-size:20px;line-height:1.3;font-weight:600\">{}</h1>",
        escaped(&line(&message.title, 200))
    );
    for text in message.text.iter().map(|text| block(text, MOST)).filter(|text| !text.is_empty()) {
        body += &format!(
            "<p style=\"margin:0 0 16px;white-space:pre-wrap;overflow-wrap:anywhere\">{}</p>",
            escaped(&text)
        );
    }
    if !message.facts.is_empty() {
        body += "<table role=\"presentation\" style=\"border-collapse:collapse;width:100%;margin:0 0 20px\">";
        for (name, value) in &message.facts {
            body += &format!(
                "<tr><td style=\"padding:6px 12px 6px 0;color:#57606a;vertical-align:top;white-space:nowrap\">{}</td>\
                 <td style=\"padding:6px 0;overflow-wrap:anywhere\">{}</td></tr>",
                escaped(&line(name, 60)),
                escaped(&line(value, 600))
            );
        }
        body += "</table>";
    }
    for (number, Action { label, url }) in message.actions.iter().enumerate() {
        let colours =
            if number == 0 { "background:#0b57d0;color:#ffffff" } else { "background:#eaeef2;color:#1f2328" };
        body += &format!(
            "<p style=\"margin:0 0 12px\"><a href=\"{}\" style=\"display:block;padding:14px 20px;border-radius:8px;\
             text-align:center;text-decoration:none;font-weight:600;{colours}\">{}</a></p>",
            escaped(url),
            escaped(&line(label, 60))
        );
    }
    if let Some(command) = &message.command {
        body += &format!(
            "<p style=\"margin:16px 0 0;color:#57606a;font-size:14px\">On the command line: \
             <code style=\"overflow-wrap:anywhere\">{}</code></p>",
            escaped(&line(command, 300))
        );
    }
    if let Some(reason) = &message.reason {
        body += &format!(
            "<p style=\"margin:20px 0 0;padding-top:12px;border-top:1px solid #d0d7de;color:#57606a;font-size:13px\">{}</p>",
            escaped(&line(reason, 600))
        );
    }
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light\"><title>{}</title></head>\
         <body style=\"margin:0;padding:16px;background:#f6f8fa;color:#1f2328;font:16px/1.5 -apple-system,'Segoe UI',\
         Roboto,Helvetica,Arial,sans-serif\"><div style=\"max-width:560px;margin:0 auto;padding:20px;background:#ffffff;\
         border:1px solid #d0d7de;border-radius:12px\">{body}</div></body></html>",
        escaped(&line(&message.title, 200))
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_said_is_text_in_html_whatever_it_says() {
        let hostile = "<img src=x onerror=alert(1)>\" ' & </p>";
        let message = Message {
            title: hostile.to_owned(),
            text: vec![hostile.to_owned()],
            facts: vec![(hostile.to_owned(), hostile.to_owned())],
            actions: vec![Action {
                label: hostile.to_owned(),
                url: "https://swarm.test/?a=1&b=2".to_owned(),
            }],
            command: Some(hostile.to_owned()),
            reason: Some(hostile.to_owned()),
            ..Message::default()
        };
        let html = mail_html(&message);
        assert!(!html.contains("<img") && !html.contains("x onerror=alert(1)>"), "{html}");
        assert!(html.contains("href=\"https://swarm.test/?a=1&amp;b=2\""), "{html}");
        assert!(mail_text(&message).contains("https://swarm.test/?a=1&b=2"));
    }

    proptest! {
        #[test]
        fn html_has_the_same_elements_whatever_is_said(text in ".{0,200}") {
            let tags = |message: &Message| mail_html(message).matches('<').count();
            let plain = Message { title: "a".into(), text: vec!["a".into()], facts: vec![("a".into(), "a".into())], ..Message::default() };
            let said = Message { title: text.clone(), text: vec![format!("a{text}")], facts: vec![(text.clone(), text)], ..plain.clone() };
            prop_assert_eq!(tags(&said), tags(&plain));
        }
    }
}
