//! A conversation about a spec: what a model proposes is put into the text where it holds, and nothing is saved.

use swarm_domain::{
    ProjectId,
    drafting::{Conversation, Drafted, EditKind, Said, Speaker},
    spec,
    survey::SurveyOutcome,
};
use swarm_flows::Flows;

use crate::world::{World, ada, count, events, eventually, script};

const WRITER: &str = r#"
json_schema = true
context_tokens = 8192
[[rules]]
contains = "Person: Ties by the alphabet."
text = '{"reply": "Ties are settled.", "title": "", "overview": "", "requirements": [{"id": "REQ-2", "title": "Ranks words", "text": "WHEN two words are as frequent, THE SYSTEM SHALL print the one first that comes first in the alphabet. Builds on REQ-1.", "examples": [{"command": "printf \"b a\" | python3 top.py", "output": "a 1\nb 1"}]}, {"id": "", "title": "Two at once", "text": "- REQ-8: one\n- REQ-9: two", "examples": []}], "removed": ["REQ-77"], "questions": []}'
[[rules]]
contains = "Person: count words"
text = '{"reply": "I wrote down two.", "title": "Word tools", "overview": "Tools for words.", "requirements": [{"id": "", "title": "Counts words", "text": "WHEN a text is given, THE SYSTEM SHALL print how many words it has.", "examples": [{"command": "printf \"a b\" | python3 count.py", "output": "2"}]}, {"id": "", "title": "Ranks words", "text": "THE SYSTEM SHALL rank words. Builds on REQ-1.", "examples": []}], "removed": [], "questions": ["What of ties?"]}'
[[rules]]
text = 'I would rather not.'
"#;

fn said(words: &str) -> Vec<Said> {
    vec![Said { by: Speaker::Person, text: words.to_owned() }]
}

async fn drafted(flows: &Flows, text: &str, words: &str) -> Result<Drafted, SurveyOutcome> {
    let project = ProjectId::parse("tools").unwrap();
    let conversation = Conversation { text: text.to_owned(), talk: said(words) };
    let survey = flows.start_draft(&ada(), &project, &conversation, Vec::new()).await.unwrap();
    let found = eventually(|| async { flows.survey(&survey).await.unwrap() }).await;
    found.drafted.ok_or(found.outcome)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_becomes_requirements_and_what_is_said_next_changes_them() {
    let world = World::new().await;
    let flows = world.flows(script(WRITER)).await;
    let project = ProjectId::parse("tools").unwrap();
    flows.add_project(&ada(), &project, world.repo().to_str().unwrap()).await.unwrap();

    let first = drafted(&flows, "", "count words, and rank them").await.unwrap();
    assert_eq!(
        (first.reply.as_str(), first.questions.as_slice()),
        ("I wrote down two.", &["What of ties?".to_owned()][..])
    );
    let read = spec::parse(&first.text).unwrap();
    assert_eq!((read.title.as_str(), read.requirements.len()), ("Word tools", 2));
    assert_eq!(read.requirements[0].acceptance[0].command, "printf \"a b\" | python3 count.py");
    let proven: Vec<_> = first.edits.iter().map(|edit| (edit.edit, edit.proven)).collect();
    assert_eq!(proven, [(EditKind::Added, true), (EditKind::Added, false)]);

    let next = drafted(&flows, &first.text, "Ties by the alphabet.").await.unwrap();
    assert_eq!(next.edits.len(), 1, "{next:?}");
    assert_eq!((next.edits[0].edit, next.edits[0].id.as_str()), (EditKind::Changed, "REQ-2"));
    let left: Vec<_> = next.left_out.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(left, ["Two at once", "REQ-77"]);
    let after = spec::parse(&next.text).unwrap();
    assert_eq!(after.requirements.len(), 2);
    assert_eq!(after.requirements[1].depends_on[0].as_str(), "REQ-1");

    // A conversation saves nothing: a spec is what a person sends.
    let all = events(&flows).await;
    assert_eq!((count(&all, "survey_ended"), count(&all, "spec_added")), (2, 0));
    assert_eq!(count(&all, "model_called"), 2);
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_read_fails_with_what_to_do_and_empty_words_are_refused() {
    let world = World::new().await;
    let flows = world.flows(script(WRITER)).await;
    let project = ProjectId::parse("tools").unwrap();
    flows.add_project(&ada(), &project, world.repo().to_str().unwrap()).await.unwrap();
    let Err(SurveyOutcome::Failed { problem }) = drafted(&flows, "", "something else").await else {
        panic!("it cannot be read")
    };
    assert_eq!(problem.code, "spec.unread_answer");
    let silent = Conversation { text: String::new(), talk: said(" ") };
    let refused = flows.start_draft(&ada(), &project, &silent, Vec::new()).await.unwrap_err();
    assert_eq!(refused.code, "spec.nothing_said");
    assert_eq!(count(&events(&flows).await, "survey_asked"), 1);
    flows.shutdown().await;
}
