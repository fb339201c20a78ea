//! Who another provider says somebody is, and what follows from that here.
//!
//! What counts is the pair of issuer and subject: an address changes hands, and providers let people write any. An address
//! is looked at once, when a pair comes for the first time, and only one that the provider has verified.

use serde::{Deserialize, Serialize};

use super::{EmailAddress, IdentityError, Registration, Role};
use crate::secret::SecretHost;

/// The longest issuer, in bytes.
const MAX_ISSUER: usize = 512;
/// The longest subject, in bytes (OpenID Connect Core, 2).
const MAX_SUBJECT: usize = 255;

/// Somebody at a provider. Never given to another person there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExternalId {
    /// Who says so: the provider's address.
    pub issuer: String,
    /// Its own name for the person, which nobody else gets.
    pub subject: String,
}

impl ExternalId {
    /// Both, where they can be kept; none where one of them is empty, too long, or holds what is no letter.
    #[must_use]
    pub fn of(issuer: &str, subject: &str) -> Option<Self> {
        let fits = |text: &str, most: usize| {
            !text.is_empty() && text.len() <= most && !text.chars().any(char::is_control)
        };
        let both = fits(issuer, MAX_ISSUER) && fits(subject, MAX_SUBJECT);
        both.then(|| Self { issuer: issuer.to_owned(), subject: subject.to_owned() })
    }
}

/// How far a provider is believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderTrust {
    /// Who is let in by their address: people of these domains alone; everybody where there is none.
    pub allowed_domains: Vec<SecretHost>,
    /// The domains whose addresses the provider manages: there its word is as good as a link that was sent.
    pub trusted_domains: Vec<SecretHost>,
}

/// What is there of somebody who comes by a provider for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// An account of the same address.
    Account {
        /// Whether its owner has shown that the address is theirs.
        verified: bool,
    },
    /// An invitation that counts.
    Invitation {
        /// What they will be.
        role: Role,
        /// Whether they showed its link.
        shown: bool,
    },
    /// Nothing.
    Nothing,
}

/// What somebody is let in as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// As who has the account of that address.
    Link,
    /// As somebody new who was invited as this.
    Accept(Role),
    /// As somebody new: a viewer.
    Join,
}

impl ProviderTrust {
    /// Whether somebody who comes for the first time, with an address that the provider has verified, is let in.
    pub fn admit(
        &self,
        email: Option<&EmailAddress>,
        met: Met,
        registration: Registration,
    ) -> Result<Admission, IdentityError> {
        let email = email.ok_or(IdentityError::ProviderAddress)?;
        if !self.allowed_domains.is_empty() && !is_of(email, &self.allowed_domains) {
            return Err(IdentityError::ProviderDomain);
        }
        let is_trusted = is_of(email, &self.trusted_domains);
        match met {
            // Somebody else may have made one that is not verified, and would still have its password.
            Met::Account { verified: true } if is_trusted => Ok(Admission::Link),
            Met::Account { .. } => Err(IdentityError::LinkNeeded),
            Met::Invitation { role, shown }
                if registration != Registration::Closed && (shown || is_trusted) =>
            {
                Ok(Admission::Accept(role))
            }
            _ if registration == Registration::Open => Ok(Admission::Join),
            _ => Err(IdentityError::Registration),
        }
    }
}

/// Whether an address is of one of these domains; one below is another.
fn is_of(email: &EmailAddress, domains: &[SecretHost]) -> bool {
    let domain = email.as_str().rsplit_once('@').map_or("", |(_, domain)| domain);
    domains.iter().any(|one| one.as_str() == domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> EmailAddress {
        EmailAddress::parse("ada@example.org").unwrap()
    }

    fn trusting(domains: &[&str]) -> ProviderTrust {
        let trusted_domains = domains.iter().map(|one| SecretHost::parse(one).unwrap()).collect();
        ProviderTrust { trusted_domains, ..ProviderTrust::default() }
    }

    #[test]
    fn an_account_is_never_taken_over_by_an_address_alone() {
        for registration in [Registration::Open, Registration::Invite, Registration::Closed] {
            for trust in [trusting(&[]), trusting(&["example.com", "sub.example.org", "xample.org"])] {
                for verified in [true, false] {
                    let met = Met::Account { verified };
                    let refused = trust.admit(Some(&ada()), met, registration).unwrap_err();
                    assert_eq!(refused, IdentityError::LinkNeeded);
                }
            }
            let trust = trusting(&["example.org"]);
            let met = Met::Account { verified: true };
            assert_eq!(trust.admit(Some(&ada()), met, registration), Ok(Admission::Link));
            // A stranger may have made it, and has its password.
            let met = Met::Account { verified: false };
            assert_eq!(trust.admit(Some(&ada()), met, registration), Err(IdentityError::LinkNeeded));
        }
    }

    #[test]
    fn without_a_verified_address_nobody_comes_for_the_first_time() {
        for met in [Met::Nothing, Met::Account { verified: true }] {
            let refused = trusting(&["example.org"]).admit(None, met, Registration::Open);
            assert_eq!(refused, Err(IdentityError::ProviderAddress));
        }
    }

    #[test]
    fn somebody_new_comes_in_as_registration_has_it() {
        let invited = |shown| Met::Invitation { role: Role::Admin, shown };
        let (viewer, admin) = (Ok(Admission::Join), Ok(Admission::Accept(Role::Admin)));
        let refused = Err(IdentityError::Registration);
        for (registration, met, domains, expected) in [
            (Registration::Open, Met::Nothing, &[][..], viewer),
            (Registration::Invite, Met::Nothing, &["example.org"], refused),
            (Registration::Closed, Met::Nothing, &[], refused),
            (Registration::Invite, invited(true), &[], admin),
            (Registration::Invite, invited(false), &["example.org"], admin),
            (Registration::Invite, invited(false), &[], refused),
            // More than a viewer is nobody by an address that anybody may have verified anywhere.
            (Registration::Open, invited(false), &[], viewer),
            (Registration::Closed, invited(true), &["example.org"], refused),
        ] {
            assert_eq!(
                trusting(domains).admit(Some(&ada()), met, registration),
                expected,
                "{met:?} {domains:?}"
            );
        }
    }

    #[test]
    fn who_is_of_no_domain_that_is_let_in_is_refused_whatever_else_there_is() {
        let trust = ProviderTrust {
            allowed_domains: vec![SecretHost::parse("corp.example").unwrap()],
            ..trusting(&["example.org"])
        };
        for met in [
            Met::Nothing,
            Met::Account { verified: true },
            Met::Invitation { role: Role::Viewer, shown: true },
        ] {
            let refused = trust.admit(Some(&ada()), met, Registration::Open);
            assert_eq!(refused, Err(IdentityError::ProviderDomain));
        }
    }

    #[test]
    fn what_cannot_be_kept_is_nobody() {
        assert!(ExternalId::of("https://example.org", "24400320").is_some());
        for (issuer, subject) in
            [("", "1"), ("i", ""), ("i", "a\nb"), ("i", &*"x".repeat(256)), (&*"x".repeat(513), "1")]
        {
            assert_eq!(ExternalId::of(issuer, subject), None);
        }
    }
}
