//! The peer: nothing but argon2id with the product's parameters, on as many threads as the product hashes on.

use std::{thread, time::Instant};

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

use prosopa_harness::PASSWORD;

use crate::product::THREADS;

/// The product's defaults: KiB, passes, lanes.
const PARAMETERS: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Checks a password `count` times.
pub(crate) fn checks_per_second(count: usize) -> f64 {
    let (memory, passes, lanes) = PARAMETERS;
    let params = Params::new(memory, passes, lanes, None).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..count / THREADS {
                    argon2.verify_password(PASSWORD.as_bytes(), hash.as_str()).unwrap();
                }
            });
        }
    });
    count as f64 / began.elapsed().as_secs_f64()
}
