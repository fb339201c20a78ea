//! A decision in words: what made it so, and what would have to be another way.

use swarm_domain::identity::{Principal, Role};

use crate::{
    asked::{Asked, Asker},
    decide::{PolicyId, Verdict},
    file::Effect,
    load::Policy,
};

/// A policy that made a decision what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Determining {
    /// Its name.
    pub id: PolicyId,
    /// Its file.
    pub file: String,
    /// The line that it begins on.
    pub line: usize,
    /// What it does.
    pub effect: Effect,
    /// Its text.
    pub text: String,
}

/// A decision, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The decision.
    pub verdict: Verdict,
    /// The policies that made it so, with where they stand.
    pub policies: Vec<Determining>,
    /// What would have to be another way for it to be decided otherwise, in sentences.
    pub words: Vec<String>,
}

impl Policy {
    /// Decides, and says why.
    #[must_use]
    pub fn explain(&self, asked: &Asked<'_>) -> Explanation {
        let verdict = self.decide(asked);
        let policies: Vec<_> = verdict.because.iter().filter_map(|id| self.determining(id)).collect();
        let words = if verdict.allowed {
            allowed_words(&policies)
        } else {
            self.denied_words(asked, &verdict, &policies)
        };
        Explanation { verdict, policies, words }
    }

    fn determining(&self, id: &PolicyId) -> Option<Determining> {
        let (file, line) = self.find(id)?;
        Some(Determining {
            id: id.clone(),
            file: file.name.clone(),
            line: line.line,
            effect: line.effect,
            text: line.text.clone(),
        })
    }

    fn denied_words(&self, asked: &Asked<'_>, verdict: &Verdict, policies: &[Determining]) -> Vec<String> {
        if !verdict.errors.is_empty() {
            return vec![
                "It could not be decided, and then it is denied: mend what the errors say.".to_owned(),
            ];
        }
        let mut words: Vec<_> = policies.iter().map(|policy| self.forbidden_words(asked, policy)).collect();
        if words.is_empty() {
            words.push("No policy permits it.".to_owned());
        }
        let Asker::Known(who) = asked.who else { return words };
        let others: Vec<_> =
            Role::ALL.into_iter().filter(|role| *role != who.role && self.would(asked, who, *role)).collect();
        match others.as_slice() {
            [] => {}
            roles => {
                let names: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
                words.push(format!(
                    "As {} it would be allowed: `swarm user role EMAIL ROLE`.",
                    names.join(", ")
                ));
            }
        }
        words
    }

    fn forbidden_words(&self, asked: &Asked<'_>, policy: &Determining) -> String {
        let Determining { id, file, line, .. } = policy;
        match id.as_str() {
            "key-scopes" => {
                let scope =
                    self.actions.get(asked.action).and_then(|action| action.scope).unwrap_or_default();
                format!(
                    "The key was not given `{scope}`: `swarm key create NAME --scope {scope}` makes one that is."
                )
            }
            "second-factor" => {
                "A second factor is asked of this role, and the account has none: `POST /api/auth/second-factor`."
                    .to_owned()
            }
            "other-tenant" => "It belongs to another tenant, and no policy lets anybody across.".to_owned(),
            "four-eyes" => "It is their own request, and another person must decide.".to_owned(),
            "agents-answer-no-gate" => "An agent never answers a gate, whatever else it may.".to_owned(),
            other => format!("`{other}` forbids it ({file}:{line}): the operator would have to change that."),
        }
    }

    /// Whether it would be done for somebody of this role.
    fn would(&self, asked: &Asked<'_>, who: &Principal, role: Role) -> bool {
        let as_role = Principal { role, ..who.clone() };
        self.decide(&Asked { who: Asker::Known(&as_role), ..asked.clone() }).allowed
    }
}

fn allowed_words(policies: &[Determining]) -> Vec<String> {
    let of = |policy: &Determining| {
        format!("`{}` permits it ({}:{}), and nothing forbids it.", policy.id, policy.file, policy.line)
    };
    policies.iter().map(of).collect()
}
