//! The messages of `proto/prosopa/auth/v1`, how principals are written in them, and debug forms that show no secret.

use std::fmt;

use prosopa_model::{Credential, Scope};

#[expect(
    clippy::doc_markdown,
    clippy::enum_variant_names,
    unreachable_pub,
    reason = "generated; documented in the .proto file"
)]
mod messages {
    tonic::include_proto!("prosopa.auth.v1");
}

pub(crate) use self::messages::*;

/// Room for any message of these services; the longest one lists changes.
pub(crate) const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// The message for a principal, without the quota: no service of these knows it.
pub(crate) fn write_principal(principal: &prosopa_model::Principal) -> Principal {
    Principal {
        account_id: principal.account_id.to_string(),
        user_id: principal.user_id.to_string(),
        role: principal.role.as_str().to_owned(),
        scopes: principal.scopes.to_string(),
        credential: Some(match principal.credential {
            Credential::Session(id) => principal::Credential::SessionId(id.to_string()),
            Credential::ApiKey(id) => principal::Credential::ApiKeyId(id.to_string()),
            Credential::Client(id) => principal::Credential::ClientId(id.to_string()),
        }),
        requests_per_day_max: principal.requests_per_day_max,
        plan: principal.plan.as_ref().map(ToString::to_string),
    }
}

/// The principal that a message names; none if it is not understood, as one of a newer program may be.
pub(crate) fn read_principal(message: &Principal) -> Option<prosopa_model::Principal> {
    let known = message.scopes.split_ascii_whitespace().filter_map(|name| name.parse::<Scope>().ok());
    Some(prosopa_model::Principal {
        account_id: message.account_id.parse().ok()?,
        user_id: message.user_id.parse().ok()?,
        role: message.role.parse().ok()?,
        scopes: known.collect(),
        credential: match message.credential.as_ref()? {
            principal::Credential::SessionId(id) => Credential::Session(id.parse().ok()?),
            principal::Credential::ApiKeyId(id) => Credential::ApiKey(id.parse().ok()?),
            principal::Credential::ClientId(id) => Credential::Client(id.parse().ok()?),
        },
        requests_per_day_max: message.requests_per_day_max,
        plan: message.plan.as_deref().map(str::parse).transpose().ok()?,
        quota: None,
    })
}

macro_rules! redacted {
    ($($message:ident),*) => {$(
        impl fmt::Debug for $message {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($message)).finish_non_exhaustive()
            }
        }
    )*};
}

redacted!(VerifyRequest, VerifyCookieRequest, FindClientKeyRequest, NoteClientKeyUseRequest, ClientKey);

#[cfg(test)]
mod tests {
    use prosopa_model::{AccountId, ApiClientId, ApiKeyId, Role, Scopes, SessionId, UserId};

    use super::*;

    fn principal(credential: Credential) -> prosopa_model::Principal {
        prosopa_model::Principal {
            account_id: AccountId::new(),
            user_id: UserId::new(),
            role: Role::Administrator,
            scopes: Scopes::for_keys(),
            credential,
            requests_per_day_max: Some(7),
            plan: Some("team".parse().unwrap()),
            quota: None,
        }
    }

    /// N10: a caller is the same behind the network.
    #[test]
    fn a_principal_survives_the_wire() {
        let credentials = [
            Credential::Session(SessionId::new()),
            Credential::ApiKey(ApiKeyId::new()),
            Credential::Client(ApiClientId::new()),
        ];
        for credential in credentials {
            let sent = principal(credential);
            assert_eq!(read_principal(&write_principal(&sent)), Some(sent));
        }
    }

    #[test]
    fn an_unknown_scope_gives_no_right_and_an_unknown_role_no_principal() {
        let sent = principal(Credential::Session(SessionId::new()));
        let newer = Principal { scopes: "faces:read lips:read".into(), ..write_principal(&sent) };
        assert_eq!(read_principal(&newer).unwrap().scopes, [Scope::FacesRead].into_iter().collect());
        let newer = Principal { role: "auditor".into(), ..write_principal(&sent) };
        assert_eq!(read_principal(&newer), None);
    }

    #[test]
    fn secrets_are_not_shown() {
        let (verify, find) = (
            VerifyRequest { credential: "psp_live_secret".into() },
            FindClientKeyRequest { access_key: "secret".into() },
        );
        let cookie = VerifyCookieRequest { secret: "secret".into(), csrf_token: Some("secret".into()) };
        let note = NoteClientKeyUseRequest { access_key: "secret".into() };
        let key = ClientKey { material: "secret".into(), ..ClientKey::default() };
        let response = FindClientKeyResponse { key: Some(key) };
        let shown = format!("{verify:?} {cookie:?} {find:?} {note:?} {response:?}");
        assert!(!shown.contains("secret") && !shown.contains("115"), "{shown}");
    }
}
