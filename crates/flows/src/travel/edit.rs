//! Other words in the place of those at one step.

use swarm_domain::{
    BlobHash, EventBody,
    finding::{Finding, FindingCode},
    run_diff::{Edit, EditedCall},
    ticket::Ticket,
};
use swarm_model::{ChatReply, Finish, ToolCall};

use super::journal::at;
use crate::{error::FlowError, parts::Parts, ticket::Frame};

/// The reply with the edited words; everything else about it stays.
pub(super) async fn other_reply(
    parts: &Parts,
    reply: &BlobHash,
    edit: &BlobHash,
) -> Result<BlobHash, FlowError> {
    let reply: ChatReply = parts.load(reply).await?;
    let Edit::Reply { text, tool_calls } = parts.load(edit).await? else {
        return Err(FlowError::internal("the edit", "is not one of a reply"));
    };
    let finish = if tool_calls.is_empty() { Finish::Stop } else { Finish::ToolCalls };
    let tool_calls = tool_calls
        .into_iter()
        .map(|EditedCall { id, name, arguments }| ToolCall { id, name, arguments })
        .collect();
    parts.keep(&ChatReply { text, tool_calls, finish, ..reply }).await
}

/// A ticket and hints in a person's words.
pub(crate) struct Rewritten {
    /// The ticket with its other description.
    pub(crate) ticket: Ticket,
    /// The hints of this attempt, where they are other ones.
    pub(crate) hints: Option<Vec<Finding>>,
}

/// What the attempt with this number is told instead, where a person edited its beginning or that of one before it.
pub(crate) async fn rewritten(
    parts: &Parts,
    frame: &Frame,
    number: u32,
    hints: &[Finding],
) -> Result<Option<Rewritten>, FlowError> {
    let Some(origin) = &frame.options.origin else { return Ok(None) };
    let Some(edit) = &origin.edit else { return Ok(None) };
    let Some(event) = at(parts, &origin.run, origin.at).await? else { return Ok(None) };
    let EventBody::AttemptStarted { number: edited, .. } = event.body else { return Ok(None) };
    if event.subject.ticket.as_ref() != Some(&frame.ticket.id) || number < edited {
        return Ok(None);
    }
    let Edit::Attempt { description, hints: words } = parts.load(edit).await? else {
        return Err(FlowError::internal("the edit", "is not one of an attempt"));
    };
    let hints = (number == edited).then(|| hinted(&words, hints));
    Ok(Some(Rewritten { ticket: Ticket { description, ..frame.ticket.clone() }, hints }))
}

/// The findings with a person's hints in the place of their own; what is more than those stands for itself.
fn hinted(words: &[String], findings: &[Finding]) -> Vec<Finding> {
    let plain = || Finding {
        code: FindingCode::Review,
        detail: "a person read the last attempt".to_owned(),
        evidence: String::new(),
        hint: String::new(),
        requirement: None,
        path: None,
    };
    let known = findings.iter().cloned().chain(std::iter::repeat_with(plain));
    words.iter().zip(known).map(|(hint, finding)| Finding { hint: hint.clone(), ..finding }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_take_the_place_of_the_findings_own_and_may_be_more_or_fewer() {
        let finding = Finding {
            code: FindingCode::AcceptanceFailed,
            detail: "it greets nobody".to_owned(),
            evidence: "Hello\n".to_owned(),
            hint: "Greet somebody.".to_owned(),
            requirement: None,
            path: None,
        };
        let words = ["Use $1.".to_owned(), "Mind the comma.".to_owned()];
        let told = hinted(&words, std::slice::from_ref(&finding));
        assert_eq!(told[0], Finding { hint: words[0].clone(), ..finding.clone() });
        assert_eq!((told[1].code, told[1].hint.as_str()), (FindingCode::Review, "Mind the comma."));
        assert_eq!(hinted(&[], &[finding]), []);
    }
}
