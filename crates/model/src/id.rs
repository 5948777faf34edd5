//! Typed ids in the `TypeID` text form: a prefix, `_`, and a UUID v7 in 26 characters of Crockford's base32
//! (<https://github.com/jetify-com/typeid>).

use std::{fmt, hash::Hash, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Characters of the part behind the prefix.
const SUFFIX_LEN: usize = 26;

/// What an id names; gives the prefix of its text form.
pub trait Kind: Copy + Eq + Ord + Hash + fmt::Debug + Send + Sync + 'static {
    /// Lower-case letters in front of the `_`.
    const PREFIX: &'static str;
}

/// An id of one kind; sorts by the time it was made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<K>(Uuid, PhantomData<K>);

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $alias:ident $prefix:literal;)*) => {$(
        #[doc = concat!("Marks ids that begin with `", $prefix, "_`.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $kind;

        impl Kind for $kind {
            const PREFIX: &'static str = $prefix;
        }

        $(#[$doc])*
        pub type $alias = Id<$kind>;
    )*};
}

kinds! {
    /// An account: the owner of users, credentials and data.
    Account AccountId "acc";
    /// A person who signs in.
    User UserId "usr";
    /// A session: the family of refresh tokens that began with one login.
    Session SessionId "ses";
    /// An API key.
    ApiKey ApiKeyId "key";
    /// A program that signs its requests.
    ApiClient ApiClientId "cli";
    /// A stored picture.
    Image ImageId "img";
    /// A stored answer of the face detector.
    Detection DetectionId "det";
    /// A registration that is waited for.
    Registration RegistrationId "reg";
    /// A person whose face or papers are processed.
    Subject SubjectId "sub";
    /// A durable job.
    Job JobId "job";
    /// One HTTP request.
    Request RequestId "req";
    /// A stored comparison of faces.
    Match MatchId "mat";
    /// A stored reading of an identity document.
    Document DocumentId "doc";
    /// A stored check of a document and a selfie.
    Verification VerificationId "ver";
}

impl<K: Kind> Id<K> {
    /// Makes a new id from the current time and random bits.
    #[expect(clippy::new_without_default, reason = "two defaults would differ")]
    pub fn new() -> Self {
        Self::from_uuid(Uuid::now_v7())
    }

    /// Wraps a stored UUID.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// The 16 bytes that are stored.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0.as_u128();
        let mut suffix = String::with_capacity(SUFFIX_LEN);
        for position in (0..SUFFIX_LEN).rev() {
            let index = (bits >> (5 * position)) & 31;
            suffix.push(char::from(ALPHABET[index as usize]));
        }
        write!(f, "{}_{suffix}", K::PREFIX)
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text is not an id of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}_ and 26 characters")]
pub struct ParseIdError {
    prefix: &'static str,
}

impl<K: Kind> FromStr for Id<K> {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = ParseIdError { prefix: K::PREFIX };
        let suffix = text.strip_prefix(K::PREFIX).and_then(|rest| rest.strip_prefix('_'));
        let suffix = suffix.map(str::as_bytes).filter(|suffix| suffix.len() == SUFFIX_LEN);
        let suffix = suffix.ok_or_else(|| error.clone())?;
        // 26 characters hold 130 bits; the first may only use three of its five.
        if suffix[0] > b'7' {
            return Err(error);
        }
        let mut bits: u128 = 0;
        for byte in suffix {
            let digit =
                ALPHABET.iter().position(|character| character == byte).ok_or_else(|| error.clone())?;
            bits = (bits << 5) | digit as u128;
        }
        Ok(Self::from_uuid(Uuid::from_u128(bits)))
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn matches_the_published_example() {
        let uuid = Uuid::from_u128(0x01890a5d_ac96_774b_bcce_b302099a8057);
        assert_eq!(UserId::from_uuid(uuid).to_string(), "usr_01h455vb4pex5vsknk084sn02q");
    }

    #[test]
    fn another_prefix_is_refused() {
        assert!(UserId::new().to_string().parse::<ImageId>().is_err());
    }

    #[test]
    fn overflowing_and_foreign_characters_are_refused() {
        for text in ["usr_8zzzzzzzzzzzzzzzzzzzzzzzzz", "usr_01h455vb4pex5vsknk084sn02u", "usr_", "usr", ""] {
            assert!(text.parse::<UserId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_form_is_read_back(bits in any::<u128>()) {
            let id = UserId::from_uuid(Uuid::from_u128(bits));
            prop_assert_eq!(id.to_string().parse::<UserId>(), Ok(id));
        }

        #[test]
        fn text_sorts_like_the_bits(a in any::<u128>(), b in any::<u128>()) {
            let [first, second] = [a, b].map(|bits| UserId::from_uuid(Uuid::from_u128(bits)).to_string());
            prop_assert_eq!(a.cmp(&b), first.cmp(&second));
        }
    }
}
