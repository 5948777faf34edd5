//! What all jobs of one kind have in common.

use std::time::Duration;

use crate::job::JobClass;

/// A kind of job, declared once.
#[derive(Debug, Clone, Copy)]
pub struct JobKind {
    /// Its name, 1 to 48 lower-case letters, digits and hyphens, such as `detect-faces`. It is stored with each job.
    pub name: &'static str,
    /// Class of its jobs unless they say otherwise.
    pub class: JobClass,
    /// How often a job is begun before it has failed; at least 1.
    pub attempts_max: u32,
    /// Pause before it is begun again.
    pub backoff: Backoff,
    /// How long a finished job is kept.
    pub keep: Duration,
    /// Whether the input is emptied in the transaction that ends a job, because it holds a secret. Such a job cannot be
    /// tried again from outside.
    pub forgets_input: bool,
}

impl JobKind {
    /// A kind of class `normal`, begun up to five times, kept for a week with its input.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            class: JobClass::Normal,
            attempts_max: 5,
            backoff: Backoff { base: Duration::from_secs(1), longest: Duration::from_secs(300) },
            keep: Duration::from_secs(7 * 24 * 60 * 60),
            forgets_input: false,
        }
    }

    /// Whether the name may be stored, matched and shown as a label.
    pub(crate) fn has_valid_name(&self) -> bool {
        let is_valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=48).contains(&self.name.len()) && self.name.bytes().all(is_valid)
    }
}

/// Pause between two attempts: exponential, bounded, with full jitter, so that what failed together does not come back
/// together.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// Longest pause behind the first attempt; it doubles with each further one.
    pub base: Duration,
    /// Longest pause of all.
    pub longest: Duration,
}

impl Backoff {
    /// The pause behind attempt number `attempts`, of which `share` (0 to 1) is drawn by chance.
    ///
    /// `at_least` is what the handler asked for; it too is bounded.
    pub fn pause(&self, attempts: u64, share: f64, at_least: Option<Duration>) -> Duration {
        let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(31);
        let ceiling = self.base.saturating_mul(1 << doublings).min(self.longest);
        let drawn = ceiling.mul_f64(share.clamp(0.0, 1.0));
        drawn.max(at_least.unwrap_or_default()).min(self.longest)
    }
}
