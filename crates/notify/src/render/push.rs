//! A message for a browser that may be locked: what it is and how much hangs on it, and no more.

use serde_json::{Value, json};

use crate::{Message, message::line};

/// The longest line, in characters. All of it must fit into what push services take: 4,096 bytes, sealed.
const LONGEST: usize = 160;

/// What the service worker of the web app takes.
pub(crate) fn push(message: &Message) -> Value {
    let data = &message.data;
    let facts = message.facts.iter().filter(|(name, _)| name == "Risk" || name == "Answer until");
    let facts = facts.map(|(name, value)| format!("{name}: {value}"));
    let body: Vec<String> = facts.chain(message.reason.clone()).collect();
    let config = &data["request"]["config"];
    // One tap is for what is asked anew and little hangs on. All else is looked at before.
    let quick = data["state"] == "waiting"
        && ["low", "medium"].iter().any(|risk| data["risk"] == *risk)
        && config["allow_accept"] == true
        && config["allow_ignore"] == true;
    json!({
        "id": message.id,
        "kind": message.kind,
        "title": line(&message.title, LONGEST),
        "body": line(&body.join(" · "), LONGEST),
        "interrupt": data["interrupt"],
        "quick": quick,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_short_whatever_it_is_about_and_offers_one_tap_only_where_little_hangs_on_it() {
        let of = |risk: &str| Message {
            id: "ntf_1".to_owned(),
            title: "é".repeat(9_000),
            text: vec!["never shown on a locked screen".to_owned()],
            facts: vec![("Risk".to_owned(), risk.to_owned()), ("Run".to_owned(), "x".repeat(9_000))],
            data: json!({
                "interrupt": "int_1", "state": "waiting", "risk": risk,
                "request": { "config": { "allow_accept": true, "allow_ignore": true } },
            }),
            ..Message::default()
        };
        let low = push(&of("low"));
        assert!(low.to_string().len() < 2_000 && !low.to_string().contains("locked"));
        assert_eq!(
            (&low["quick"], &low["body"], &low["interrupt"]),
            (&json!(true), &json!("Risk: low"), &json!("int_1"))
        );
        assert_eq!(push(&of("high"))["quick"], false);
        assert_eq!(push(&Message::default())["quick"], false);
    }
}
