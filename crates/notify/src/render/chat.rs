//! Messages as Slack, Discord and programs take them. Their bounds are those that the services document.

use serde_json::{Value, json};

use crate::{
    Action, Message,
    message::{block, line},
};

/// Blocks that show facts or actions: as many as Slack takes in one.
const MOST_FACTS: usize = 10;
const MOST_ACTIONS: usize = 5;
/// The blue of Discord's own embeds.
const COLOUR: u32 = 0x0034_98DB;

/// As a program gets it: the envelope of Standard Webhooks.
pub(crate) fn webhook(message: &Message) -> Value {
    json!({ "type": message.kind, "timestamp": message.at.to_rfc3339(), "data": message.data })
}

/// Block Kit. All that was said is `plain_text`, in which Slack knows no markup; its three control characters are escaped
/// besides, so that `<!channel>` calls nobody.
pub(crate) fn slack(message: &Message) -> Value {
    let plain =
        |text: &str, most| json!({ "type": "plain_text", "text": escaped(text, most), "emoji": false });
    let title = line(&message.title, 120);
    let mut blocks = vec![json!({ "type": "header", "text": plain(&title, 150) })];
    for text in message.text.iter().map(|text| block(text, 1_500)).filter(|text| !text.is_empty()).take(4) {
        blocks.push(json!({ "type": "section", "text": plain(&text, 3_000) }));
    }
    if !message.facts.is_empty() {
        let fact = |(name, value): &(String, String)| {
            plain(&format!("{}: {}", line(name, 60), line(value, 600)), 2_000)
        };
        let fields: Vec<Value> = message.facts.iter().take(MOST_FACTS).map(fact).collect();
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    if !message.actions.is_empty() {
        let button = |Action { label, url }: &Action| json!({ "type": "button", "text": plain(&line(label, 60), 75), "url": url });
        let buttons: Vec<Value> = message.actions.iter().take(MOST_ACTIONS).map(button).collect();
        blocks.push(json!({ "type": "actions", "elements": buttons }));
    }
    if let Some(command) = &message.command {
        blocks.push(json!({ "type": "context", "elements": [plain(&line(command, 300), 1_000)] }));
    }
    // Shown where blocks are not, such as on a locked phone: there it would be read as markup.
    json!({ "text": escaped(&title, 600), "blocks": blocks, "unfurl_links": false, "unfurl_media": false })
}

/// With Slack's three control characters escaped, and not longer than this then.
fn escaped(text: &str, most: usize) -> String {
    let (mut out, mut length) = (String::with_capacity(text.len()), 0);
    for c in text.chars() {
        let piece = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => "",
        };
        length += piece.len().max(1);
        if length >= most {
            out.push('…');
            break;
        }
        if piece.is_empty() { out.push(c) } else { out += piece }
    }
    out
}

/// An embed. Nobody is mentioned, whatever it says.
pub(crate) fn discord(message: &Message) -> Value {
    let mut description: Vec<String> = message
        .text
        .iter()
        .take(3)
        .map(|text| unmarked(&block(text, 500)))
        .filter(|text| !text.is_empty())
        .collect();
    for Action { label, url } in message.actions.iter().take(MOST_ACTIONS) {
        description.push(format!("[{}](<{url}>)", unmarked(&line(label, 60))));
    }
    if let Some(command) = &message.command {
        description.push(format!("`{}`", line(command, 200).replace('`', "'")));
    }
    let fact = |(name, value): &(String, String)| json!({ "name": unmarked(&line(name, 30)), "value": unmarked(&line(value, 80)), "inline": true });
    let fields: Vec<Value> = message
        .facts
        .iter()
        .filter(|(_, value)| !value.trim().is_empty())
        .take(MOST_FACTS)
        .map(fact)
        .collect();
    json!({
        "embeds": [{
            "title": unmarked(&line(&message.title, 120)),
            "description": description.join("\n\n"),
            "fields": fields,
            "color": COLOUR,
            "timestamp": message.at.to_rfc3339(),
            "footer": { "text": "swarm" },
        }],
        "allowed_mentions": { "parse": [] },
    })
}

/// With a backslash before whatever Discord reads as markup. A colon between letters would begin a bare link.
fn unmarked(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '<' | '[' | ']' | '(' | ')' | '#' | '-' | '@' | ':'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hostile() -> Message {
        Message {
            id: "ntf_1".to_owned(),
            title: "<!channel> @everyone **now** <https://evil.test|here>".to_owned(),
            text: vec!["[click](https://evil.test) <@U1> `x` @here".to_owned()],
            facts: vec![("risk\n".to_owned(), "<!here> & *high*".to_owned())],
            actions: vec![Action {
                label: "Open".to_owned(),
                url: "https://swarm.test/a?b=1&c=2".to_owned(),
            }],
            command: Some("swarm approvals int_1".to_owned()),
            ..Message::default()
        }
    }

    #[test]
    fn nothing_that_was_said_calls_anybody_in_slack_or_becomes_a_link() {
        let text = slack(&hostile()).to_string();
        for sign in ["<!", "<@", "<http", "mrkdwn"] {
            assert!(!text.contains(sign), "{sign} in {text}");
        }
        assert!(text.contains("&lt;!channel&gt;") && text.contains("&amp; *high*"), "{text}");
        assert!(text.contains("https://swarm.test/a?b=1&c=2"), "our own link is as it is: {text}");
        assert_eq!(slack(&hostile())["blocks"][0]["type"], "header");
    }

    #[test]
    fn nothing_that_was_said_is_markup_in_discord_and_nobody_is_mentioned() {
        let sent = discord(&hostile());
        assert_eq!(sent["allowed_mentions"], json!({ "parse": [] }));
        let embed = &sent["embeds"][0];
        let description = embed["description"].as_str().unwrap();
        assert!(description.contains("\\[click\\]\\(https\\://evil.test\\)"), "{description}");
        assert!(description.contains("[Open](<https://swarm.test/a?b=1&c=2>)"), "{description}");
        assert!(embed["title"].as_str().unwrap().contains("\\@everyone \\*\\*now\\*\\*"), "{embed}");
    }

    proptest! {
        #[test]
        fn however_long_it_is_the_services_bounds_are_kept(sign in ".", many in 0_usize..5_000, facts in 0_usize..40) {
            let text = sign.repeat(many);
            let message = Message {
                title: text.clone(), text: vec![text; 6], facts: vec![("n".repeat(400), "<".repeat(4000)); facts], ..hostile()
            };
            let embed = discord(&message)["embeds"][0].clone();
            let length = |value: &Value| value.as_str().unwrap().chars().count();
            let fields = embed["fields"].as_array().unwrap();
            prop_assert!(length(&embed["title"]) <= 256 && length(&embed["description"]) <= 4096 && fields.len() <= 25);
            prop_assert!(fields.iter().all(|f| length(&f["name"]) <= 256 && length(&f["value"]) <= 1024));
            let all = fields.iter().map(|f| length(&f["name"]) + length(&f["value"])).sum::<usize>();
            prop_assert!(all + length(&embed["title"]) + length(&embed["description"]) + 5 <= 6000);
            let blocks = slack(&message)["blocks"].clone();
            let blocks = blocks.as_array().unwrap();
            prop_assert!(blocks.len() <= 50);
            prop_assert!(blocks.iter().filter_map(|b| b["fields"].as_array()).all(|f| f.len() <= 10));
            prop_assert!(length(&blocks[0]["text"]["text"]) <= 150);
            let fits = |text: &str| text.chars().count() <= 3000;
            let mut sections = blocks.iter().filter(|b| b["type"] == "section");
            prop_assert!(sections.all(|b| b["text"]["text"].as_str().is_none_or(fits)));
        }
    }
}
