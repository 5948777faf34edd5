//! One member of `Signature-Input` (RFC 9421 section 4.1): what is covered, and the parameters of the signature.

use sfv::BareItem;

use super::{
    component::{Component, Kind},
    error::SignatureError,
    field::{Member, Value, serialize_inner_list},
};

/// Most components that one signature may cover.
const COMPONENTS_MAX: usize = 16;

/// Longest key id, bytes.
pub(super) const KEY_ID_LEN_MAX: usize = 128;

/// What a signature claims.
#[derive(Debug, Clone)]
pub(super) struct SignatureParams {
    pub(super) components: Vec<Component>,
    /// Seconds since the epoch.
    pub(super) created: Option<i64>,
    /// Seconds since the epoch.
    pub(super) expires: Option<i64>,
    pub(super) nonce: Option<String>,
    pub(super) algorithm: Option<String>,
    pub(super) key_id: String,
    pub(super) tag: Option<String>,
    /// The value of `@signature-params` (RFC 9421 section 2.3).
    pub(super) serialized: String,
}

impl SignatureParams {
    pub(super) fn parse(member: &Member) -> Result<Self, SignatureError> {
        let Value::InnerList(items) = &member.value else {
            return Err(SignatureError::Malformed("signature-input"));
        };
        if items.len() > COMPONENTS_MAX {
            return Err(SignatureError::TooManyComponents);
        }
        let mut components: Vec<Component> = Vec::with_capacity(items.len());
        for item in items {
            let component = Component::parse(item)?;
            if components.iter().any(|other| other.kind == component.kind) {
                return Err(SignatureError::DuplicateComponent(component.name()));
            }
            components.push(component);
        }
        let (mut created, mut expires) = (None, None);
        let (mut nonce, mut algorithm, mut key_id, mut tag) = (None, None, None, None);
        for (name, value) in &member.parameters {
            match name.as_str() {
                "created" => set(&mut created, integer(value))?,
                "expires" => set(&mut expires, integer(value))?,
                "nonce" => set(&mut nonce, string(value))?,
                "alg" => set(&mut algorithm, string(value))?,
                "keyid" => set(&mut key_id, string(value))?,
                "tag" => set(&mut tag, string(value))?,
                _ => return Err(SignatureError::InvalidParameter),
            }
        }
        let key_id = key_id.filter(|key_id| (1..=KEY_ID_LEN_MAX).contains(&key_id.len()));
        Ok(Self {
            components,
            created,
            expires,
            nonce,
            algorithm,
            key_id: key_id.ok_or(SignatureError::InvalidKeyId)?,
            tag,
            serialized: serialize_inner_list(items, &member.parameters),
        })
    }

    pub(super) fn covers(&self, kind: &Kind) -> bool {
        self.components.iter().any(|component| component.kind == *kind)
    }
}

/// A parameter is given once, with a value of its type.
fn set<T>(place: &mut Option<T>, value: Option<T>) -> Result<(), SignatureError> {
    let value = value.filter(|_| place.is_none()).ok_or(SignatureError::InvalidParameter)?;
    *place = Some(value);
    Ok(())
}

fn integer(value: &BareItem) -> Option<i64> {
    value.as_integer().map(i64::from)
}

fn string(value: &BareItem) -> Option<String> {
    value.as_string().map(|text| text.as_str().to_owned())
}
