//! A model, tried: one short question, so that it is known before work begins whether it answers.

use std::{collections::BTreeMap, time::Duration};

use swarm_domain::{Actor, BlobHash, EventBody, Problem, Subject, SurveyId, budget::Spend};
use swarm_model::{Answer, Call, ChatRequest, Message, RecordingInfo, ReplyFormat};

use crate::{Asker, Flows, calls, error::FlowError, parts::to_keep};

/// Under whose name such calls are counted.
const CALLER: &str = "model-check";
/// The longest that an answer is waited for: somebody sits before it.
const PATIENCE: Duration = Duration::from_secs(45);
/// Tokens of answer: one word, and what some models think before it.
const ROOM: u32 = 256;
/// Characters of the answer that are told.
const TOLD: usize = 200;

/// What a model answered, or why it did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCheck {
    /// Its full name.
    pub model: String,
    /// What it said, the beginning of it; or the problem.
    pub said: Result<String, Problem>,
    /// From the question to the end of the answer.
    pub took: Duration,
    /// What it used. It counts against the quotas.
    pub spend: Spend,
    /// Whether its price is known; what it used has no price otherwise.
    pub priced: bool,
    /// Where the answer was played back from, if it was.
    pub played: Option<RecordingInfo>,
}

impl Flows {
    /// Asks a model one short thing. That it does not answer is told, and no error; one that is not configured is.
    pub async fn check_model(&self, by: &Asker, model: &str) -> Result<ModelCheck, Problem> {
        let parts = self.parts();
        let names = parts.gateway.names(&[model.to_owned()]).map_err(|error| error.problem())?;
        // An alias stands for several: the first is who would be asked.
        let name = names.into_iter().next().unwrap_or_else(|| model.to_owned());
        let request = ChatRequest {
            messages: vec![Message::User { text: "Answer with the single word: ready".to_owned() }],
            tools: Vec::new(),
            format: ReplyFormat::Text,
            max_tokens: ROOM,
            temperature_milli: 0,
            seed: None,
        };
        let scopes = calls::budgets(parts, CALLER, &Subject::default(), None).await;
        let call = Call {
            deadlines: BTreeMap::from([(name.clone(), PATIENCE)]),
            budget_scopes: scopes.map_err(|error| error.problem())?,
            ..Call::new(vec![name.clone()], request.clone())
        };
        let began = parts.clock.now();
        match parts.gateway.call(call).await {
            Ok(answer) => {
                self.note_check(by, &request, &answer).await.map_err(|error| error.problem())?;
                let text = answer.reply.text.trim().chars().take(TOLD).collect();
                Ok(ModelCheck {
                    model: answer.model,
                    said: Ok(text),
                    took: answer.latency,
                    spend: answer.spend,
                    priced: answer.priced,
                    played: answer.reply.recording,
                })
            }
            Err(error) => Ok(ModelCheck {
                model: name,
                said: Err(error.problem()),
                took: (parts.clock.now() - began).to_std().unwrap_or_default(),
                spend: Spend::default(),
                priced: false,
                played: None,
            }),
        }
    }

    /// Such a call is paid for like any other: it stands in the log, and counts.
    async fn note_check(&self, by: &Asker, request: &ChatRequest, answer: &Answer) -> Result<(), FlowError> {
        let parts = self.parts();
        let (asked, replied) = (to_keep(request)?, to_keep(&answer.reply)?);
        let body = EventBody::ModelCalled {
            agent: CALLER.to_owned(),
            model: answer.model.clone(),
            request: BlobHash::of(&asked),
            reply: BlobHash::of(&replied),
            spend: answer.spend,
            millis: u64::try_from(answer.latency.as_millis()).unwrap_or(u64::MAX),
            recorded: answer.reply.recording.is_some(),
            cache: None,
        };
        let once = SurveyId::mint(&*parts.clock, &*parts.entropy);
        let by = Actor::Person { name: by.person.clone() };
        let key = ["model-check", once.as_str()];
        parts.record_keeping(&key, by, Subject::default(), body, vec![asked, replied]).await.map(drop)
    }
}
