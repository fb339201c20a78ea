//! The settings of notifications.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use swarm_domain::{
    notification::{Person, WEB_PUSH},
    ticket::Risk,
};
use swarm_notify::{ChannelConfig, PushConfig};

use crate::retry::RetryPolicy;

/// How people are told that something waits for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotificationsConfig {
    /// How often it is looked for what is due, in seconds, where nothing happens in the log; 0 turns all of it off.
    pub every_seconds: u64,
    /// Where people reach this server, such as `https://swarm.example.org`: what links begin with. No links where it is
    /// empty.
    pub url: String,
    /// For how many days a link in a mail answers a question, where the question has no end before.
    pub link_days: u32,
    /// How many people are told of a question at first; as many as must answer at the least.
    pub tell: u32,
    /// From which risk on quiet hours do not count; they always do where it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaks_quiet: Option<Risk>,
    /// When a message that could not be sent is tried again.
    pub retry: RetryPolicy,
    /// How long a node has for a message before others may send it, in seconds.
    pub lease_seconds: u64,
    /// How many messages are sent at once.
    pub at_once: u32,
    /// For how many days it is kept what was sent.
    pub keep_days: u32,
    /// By what they are told, besides in swarm itself.
    pub channels: Vec<ChannelConfig>,
    /// How browsers are told, if they are.
    pub push: PushConfig,
    /// What is known of people besides their accounts.
    pub people: Vec<Person>,
    /// The login name of the operator, who may answer too.
    #[serde(skip)]
    pub operator: Option<String>,
    /// Whether this process tells people: where others share the database, those that know the channels.
    #[serde(skip)]
    pub carries: bool,
}

impl Default for NotificationsConfig {
    fn default() -> Self {
        Self {
            every_seconds: 5,
            url: String::new(),
            link_days: 30,
            tell: 2,
            breaks_quiet: None,
            retry: RetryPolicy {
                waits_ms: vec![30_000, 120_000, 600_000, 1_800_000, 7_200_000, 21_600_000],
                jitter_percent: 20,
                longest_wait_ms: 21_600_000,
            },
            lease_seconds: 180,
            at_once: 8,
            keep_days: 90,
            channels: Vec::new(),
            push: PushConfig::default(),
            people: Vec::new(),
            operator: None,
            carries: true,
        }
    }
}

/// The shortest lease: longer than all that one try may take.
const SHORTEST_LEASE: u64 = 90;

impl NotificationsConfig {
    /// The channel of this name.
    pub(crate) fn channel(&self, name: &str) -> Option<&ChannelConfig> {
        self.channels.iter().find(|channel| channel.name() == name)
    }

    /// What links begin with; none where people cannot reach this server.
    #[must_use]
    pub fn base(&self) -> Option<&str> {
        Some(self.url.trim_end_matches('/')).filter(|url| !url.is_empty())
    }

    /// What is wrong with the settings, in words.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> = self.channels.iter().flat_map(ChannelConfig::faults).collect();
        faults.extend(self.push.faults());
        let mut names = BTreeSet::new();
        for channel in &self.channels {
            if !names.insert(channel.name()) {
                faults.push(format!("two channels are called `{}`", channel.name()));
            }
        }
        let mut people = BTreeSet::new();
        for person in &self.people {
            let name = &person.name;
            if name.trim().is_empty() || !people.insert(name.to_lowercase()) {
                faults.push(format!("`{name}`: each person has a name, and is named once"));
            }
            for channel in &person.channels {
                let is_for_people = self.channel(channel).is_some_and(ChannelConfig::is_for_people);
                if !is_for_people && channel != WEB_PUSH {
                    faults.push(format!("`{name}`: `{channel}` is no channel for people"));
                }
            }
        }
        if let Some(base) = self.base() {
            let rest = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"));
            let plain = |c: u8| c.is_ascii_alphanumeric() || b"-._:[]/".contains(&c);
            if !rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(plain)) {
                faults.push("`url` is an address such as https://swarm.example.org".to_owned());
            }
        }
        if self.lease_seconds < SHORTEST_LEASE {
            faults.push(format!(
                "`lease_seconds` is less than {SHORTEST_LEASE}: two nodes could send the same"
            ));
        }
        if !(1..=64).contains(&self.at_once) {
            faults.push("`at_once` is not between 1 and 64".to_owned());
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        toml::from_str::<NotificationsConfig>(text).unwrap().faults()
    }

    const MAIL: &str = "[[channels]]\nkind = \"email\"\nname = \"mail\"\nhost = \"smtp.example.org\"\nfrom = \"s@example.org\"\n";

    #[test]
    fn what_could_not_be_kept_is_found_before_anything_is_sent() {
        assert_eq!(NotificationsConfig::default().faults(), [""; 0]);
        assert_eq!(faults(MAIL), [""; 0]);
        assert!(faults(&format!("{MAIL}{MAIL}"))[0].contains("two channels"));
        assert!(faults(&format!("{MAIL}user = \"s\"\n"))[0].contains("belong together"));
        assert!(
            faults(&format!("{MAIL}tls = \"none\"\nuser = \"s\"\nsecrets = [\"env:P\"]\n"))[0]
                .contains("on the way")
        );
        let hook = "[[channels]]\nkind = \"webhook\"\nname = \"ops\"\nurl = \"http://a.org/\"\nsecrets = [\"env:K\"]\n";
        assert!(faults(hook)[0].contains("https"));
        assert_eq!(faults(&format!("{hook}http = true\n")), [""; 0]);
        let person = "[[people]]\nname = \"ada\"\nchannels = [\"pigeon\"]\n";
        assert!(faults(person)[0].contains("no channel for people"));
        assert!(faults("url = \"javascript:alert(1)\"")[0].contains("https://swarm"));
        assert!(faults("lease_seconds = 5")[0].contains("two nodes"));
        for bad in [
            "[[people]]\nname = \"a\"\nquiet = \"late\"\n",
            "[[people]]\nname = \"a\"\ntime_zone = \"Nowhere\"\n",
        ] {
            assert!(toml::from_str::<NotificationsConfig>(bad).is_err(), "{bad}");
        }
        let hours = "[[people]]\nname = \"a\"\nwork = \"09:00-17:00\"\ndays = [\"mon\", \"tue\"]\nquiet = \"20:00-07:00\"\n\
                     time_zone = \"Europe/Berlin\"\nskills = [\"auth\"]\nprojects = [\"shop\"]\nmail = \"a@example.org\"\n";
        assert_eq!(faults(hours), [""; 0]);
    }
}
