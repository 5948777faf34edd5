//! Argon2id (RFC 9106) over memory that is used again.
//!
//! Every hash needs 19 MiB or more. Taken from the system anew each time, that memory costs a third of the hash's own time, and
//! the allocator keeps as much for every thread that ever hashed. Here there is as much as hashes run at the same time.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::{
    Algorithm, Argon2, Block, CustomizedPasswordHasher, Params, PasswordHasher, Version,
    password_hash::{
        Error, Result,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};

/// Hashes with these parameters, and checks by those that a hash names. Cheap to clone.
#[derive(Clone)]
pub(super) struct Argon2id {
    params: Params,
    /// Those that nobody uses at the moment.
    buffers: Arc<Mutex<Vec<Vec<Block>>>>,
}

impl Argon2id {
    pub(super) fn new(params: Params) -> Self {
        Self { params, buffers: Arc::default() }
    }

    pub(super) const fn params(&self) -> &Params {
        &self.params
    }

    fn take_buffer(&self, blocks: usize) -> Vec<Block> {
        let mut buffers = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        let buffer = buffers.pop().unwrap_or_default();
        drop(buffers);
        if buffer.len() == blocks { buffer } else { vec![Block::new(); blocks] }
    }

    /// One of another size was for a hash of other days.
    fn give_back(&self, buffer: Vec<Block>) {
        if buffer.len() == self.params.block_count() {
            self.buffers.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
        }
    }
}

impl CustomizedPasswordHasher<PasswordHash> for Argon2id {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> Result<PasswordHash> {
        let algorithm = algorithm.map_or(Ok(Algorithm::Argon2id), Algorithm::try_from)?;
        let version = version.map_or(Ok(Version::V0x13), Version::try_from)?;
        let salt = Salt::new(salt)?;
        let argon2 = Argon2::new(algorithm, version, params);
        let mut bytes = [0; Output::MAX_LENGTH];
        let len = argon2.params().output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let output = bytes.get_mut(..len).ok_or(Error::OutputSize)?;
        let mut buffer = self.take_buffer(argon2.params().block_count());
        let hashed = argon2.hash_password_into_with_memory(password, &salt, output, buffer.as_mut_slice());
        self.give_back(buffer);
        hashed?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(argon2.params())?,
            salt: Some(salt),
            hash: Some(Output::new(output)?),
        })
    }
}

impl PasswordHasher<PasswordHash> for Argon2id {
    fn hash_password_with_salt(&self, password: &[u8], salt: &[u8]) -> Result<PasswordHash> {
        self.hash_password_customized(password, salt, None, None, self.params.clone())
    }
}

#[cfg(test)]
mod tests {
    use argon2::PasswordVerifier;

    use super::*;

    fn hasher(memory_kib: u32) -> Argon2id {
        Argon2id::new(Params::new(memory_kib, 2, 1, None).unwrap())
    }

    /// A1: what the library itself makes is checked, and it checks what is made here.
    #[test]
    fn hashes_are_those_of_the_library() {
        let (ours, theirs) = (hasher(64), Argon2::from(Params::new(64, 2, 1, None).unwrap()));
        let made_here = ours.hash_password(b"correct horse").unwrap();
        let made_there: PasswordHash = theirs.hash_password(b"correct horse").unwrap();
        for hash in [&made_here, &made_there] {
            for _ in 0..2 {
                ours.verify_password(b"correct horse", hash).unwrap();
                theirs.verify_password(b"correct horse", hash).unwrap();
                assert_eq!(ours.verify_password(b"wrong horse", hash), Err(Error::PasswordInvalid));
            }
        }
        assert_ne!(made_here.salt, ours.hash_password(b"correct horse").unwrap().salt);
    }

    /// A1: a hash with other parameters is checked by them; memory of its size is not kept.
    #[test]
    fn hashes_of_other_days_are_checked() {
        let (old, new) = (hasher(128), hasher(64));
        let hash = old.hash_password(b"correct horse").unwrap();
        new.verify_password(b"correct horse", &hash).unwrap();
        assert_eq!(new.verify_password(b"wrong horse", &hash), Err(Error::PasswordInvalid));
        assert!(new.buffers.lock().unwrap().is_empty());
    }

    /// A1: however many hash one after the other, the memory is one's.
    #[test]
    fn memory_is_used_again() {
        let hasher = hasher(64);
        for _ in 0..3 {
            hasher.hash_password(b"correct horse").unwrap();
            assert_eq!(hasher.buffers.lock().unwrap().len(), 1);
        }
    }
}
