//! What follows from what the model asked for: tools, another question, or the end.

use swarm_domain::finding::FindingCode;
use swarm_model::ChatReply;

use super::{
    DeadEnd, MAX_RE_ASKS, Phase, Then, Turn, TurnEnd, conversation,
    ending::{self, failed, finding},
    size::room,
    wording::last_words,
};
use crate::{
    agent::Protocol,
    protocol::{Asked, Complaint, Wish},
    text,
    tool::{Invocation, ToolName, ToolResult, finish::Report, output},
    trajectory::Stuck,
};

/// How much more boldly a model samples that went round in circles: asked the same, it would say the same.
const BOLDER_MILLI: u32 = 300;

impl Turn {
    pub(super) fn take(&mut self, wish: Wish, text: &str) {
        match wish {
            Wish::Native(asked) => {
                let (invocations, finish, finish_id) = self.numbered(asked);
                self.conversation.native(text, &invocations, finish.as_ref(), &finish_id);
                self.use_tools(invocations, Then::AnswerNative { finish, finish_id });
            }
            Wish::Written(asked) => {
                let (invocations, finish, _) = self.numbered(asked);
                self.conversation.assistant(text);
                self.use_tools(invocations, Then::AnswerText { finish });
            }
            Wish::Files { writes, said } => {
                let (invocations, _, _) = self.numbered(writes);
                self.conversation.assistant(text);
                self.use_tools(invocations, Then::End { said });
            }
        }
    }

    /// Numbers what was asked for, and takes `finish` out of it: that one is this machine's own.
    pub(super) fn numbered(&mut self, asked: Vec<Asked>) -> (Vec<Invocation>, Option<Report>, String) {
        let (mut invocations, mut finish, mut finish_id) = (Vec::new(), None, String::new());
        for Asked { tool, arguments } in asked {
            self.calls += 1;
            let call_id = format!("call_{}", self.calls);
            match (tool == ToolName::Finish.as_str())
                .then(|| serde_json::from_value::<Report>(arguments.clone()))
            {
                Some(Ok(report)) => {
                    finish = Some(report);
                    finish_id = call_id;
                }
                // With wrong arguments it goes to the toolbox, which says what was wrong.
                Some(Err(_)) | None => invocations.push(Invocation { call_id, tool, arguments }),
            }
        }
        (invocations, finish, finish_id)
    }

    pub(super) fn use_tools(&mut self, invocations: Vec<Invocation>, then: Then) {
        let nothing_to_do = invocations.is_empty();
        self.phase = Phase::Using { invocations, then };
        if nothing_to_do {
            // Cannot fail: the phase is the right one and there are no results.
            let _ = self.tools_done(&[]);
        }
    }

    pub(super) fn finish_or_go_on(&mut self, finish: Option<Report>, finish_id: Option<&str>) {
        let Some(report) = finish else { return self.go_on() };
        let summary = text::passage(&report.summary, ending::MAX_SAID);
        if !report.done {
            return self.end(TurnEnd::GaveUp { reason: summary });
        }
        for path in &report.dropped {
            self.writes.drop_refused(path);
        }
        let unmended = self.writes.unmended();
        if unmended.is_empty() {
            return self.end(TurnEnd::Finished { summary });
        }
        let list: Vec<_> = unmended.iter().map(|failure| format!("- {}", failure.detail)).collect();
        let objection = format!(
            "Not finished: these writes failed and were not made good:\n{}\nWrite them again, or call `finish` and \
             name in `dropped` the files outside your scope that you do without.",
            list.join("\n")
        );
        self.object(&objection, finish_id);
    }

    /// Goes back to before the steps that lead nowhere and says so, once; the next time it is over.
    pub(super) fn stuck(&mut self, stuck: Stuck, invocations: &[Invocation], results: &[ToolResult]) {
        let words = stuck.words();
        let began = self.trajectory.began(stuck);
        let rewound = self.trajectory.rewind();
        let (ended, taken_back) = (self.replies, rewound.is_some());
        self.dead_end = Some(DeadEnd { began, ended, why: words.clone(), taken_back });
        if let Some(messages) = rewound {
            let last = last_words(invocations, results);
            self.conversation.rewind(
                messages,
                &format!(
                    "You went on from here and got nowhere: {words}. The last of it was:\n{last}\nThat was taken back; \
                     files are as you left them. Doing it again changes nothing. Take another way, or call `finish` with \
                     `done` set to false and say what stands in the way."
                ),
            );
            self.temperature_milli = (self.temperature_milli + BOLDER_MILLI).min(2_000);
            return self.go_on();
        }
        let hint = "Do not repeat a step that did not help. Take another way.";
        let circle = finding(FindingCode::Loop, &words, last_words(invocations, results), hint);
        let findings = std::iter::once(circle).chain(self.writes.unmended()).collect();
        self.end(TurnEnd::Failed { findings });
    }

    /// Says why the work is not done yet. The same patience as for replies that cannot be read.
    pub(super) fn object(&mut self, objection: &str, call_id: Option<&str>) {
        self.objections += 1;
        if self.objections > MAX_RE_ASKS {
            let unmended = self.writes.unmended();
            return self.end(ending::unmended(unmended));
        }
        match call_id {
            Some(call_id) if !call_id.is_empty() => self.conversation.tool(call_id, objection),
            _ => {
                let again = match self.protocol {
                    Protocol::Files => "\nAnswer again with the complete files that this task may write.",
                    Protocol::Tools | Protocol::Auto => "",
                };
                self.conversation.user(&format!("{objection}{again}"));
            }
        }
        self.go_on();
    }

    pub(super) fn complain(&mut self, reply: &ChatReply, complaint: &Complaint) {
        self.unreadable += 1;
        if self.unreadable > MAX_RE_ASKS {
            self.end(failed(finding(
                FindingCode::Malformed,
                &format!("{}, {} times in a row", complaint.what, self.unreadable),
                output::cut(&text::passage(&reply.text, 4_000), ending::MAX_EVIDENCE),
                &complaint.instead,
            )));
            return;
        }
        self.conversation.assistant(&output::cut(&reply.text, conversation::MAX_UNREADABLE));
        self.conversation.user(&format!("I could not use that: {}. {}", complaint.what, complaint.instead));
        self.go_on();
    }

    /// Asks the model again, if there is anything left to ask with.
    pub(super) fn go_on(&mut self) {
        let over = |what: &str| {
            failed(finding(
                FindingCode::NotFinished,
                what,
                String::new(),
                "Do the work in fewer and smaller steps.",
            ))
        };
        if self.replies >= self.limits.turns {
            return self.end(over(&format!("the attempt was not finished after {} replies", self.replies)));
        }
        if self.tokens >= self.limits.tokens {
            return self.end(over(&format!(
                "the attempt used {} tokens, its limit is {}",
                self.tokens, self.limits.tokens
            )));
        }
        let room = room(self.capabilities, self.limits, self.protocol, &self.tools);
        if !self.conversation.shorten(room) {
            return self.end(over("the conversation does not fit into the model's context"));
        }
        self.phase = Phase::Asking;
    }

    pub(super) fn end(&mut self, end: TurnEnd) {
        self.phase = Phase::Ended { end };
    }
}
