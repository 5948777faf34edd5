//! Quotas as a caller sees them: what is counted, limits, use, rate.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Timestamp, principal::UnknownName};

/// What a quota counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meter {
    /// Metered operations, each as often as it weighs.
    Requests,
    /// Pictures.
    Images,
    /// Frames of videos.
    Frames,
    /// Seconds of sound.
    AudioSeconds,
    /// Bytes of the bodies of metered operations.
    Bytes,
}

impl Meter {
    /// Every meter.
    pub const ALL: [Self; 5] = [Self::Requests, Self::Images, Self::Frames, Self::AudioSeconds, Self::Bytes];

    /// Stored and spoken form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Images => "images",
            Self::Frames => "frames",
            Self::AudioSeconds => "audio_seconds",
            Self::Bytes => "bytes",
        }
    }
}

impl fmt::Display for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Meter {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|meter| meter.as_str() == text).ok_or(UnknownName)
    }
}

/// What an operation counts as: so much of each meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Units([u64; Meter::ALL.len()]);

impl Units {
    /// Nothing.
    pub const NONE: Self = Self([0; Meter::ALL.len()]);

    /// With this much of one meter.
    #[must_use]
    pub const fn with(mut self, meter: Meter, amount: u64) -> Self {
        self.0[meter as usize] = amount;
        self
    }

    /// How much of one meter.
    pub const fn of(&self, meter: Meter) -> u64 {
        self.0[meter as usize]
    }

    /// Whether nothing is counted.
    pub fn is_nothing(&self) -> bool {
        self.0.iter().all(|amount| *amount == 0)
    }
}

/// What happens when a limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitMode {
    /// What goes beyond is refused.
    #[default]
    Enforce,
    /// What goes beyond is counted and reported, never refused.
    Shadow,
}

/// How much of one limit is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowUse {
    /// Name of the limit, such as `day` for requests a day or `images_month`.
    pub name: String,
    /// What is counted.
    pub meter: Meter,
    /// Whether the limit refuses.
    pub mode: LimitMode,
    /// How much is allowed in the window.
    pub limit: u64,
    /// How much is spent in it.
    pub used: u64,
    /// When it ends and the next begins empty; of a sliding window, when the oldest use leaves it.
    pub resets_at: Timestamp,
}

impl WindowUse {
    /// What is left.
    pub const fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// Time until the reset, as seen at `now`.
    pub fn until_reset(&self, now: Timestamp) -> Duration {
        self.resets_at.since(now)
    }
}

/// How fast requests may follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// Requests a second in the long run.
    pub requests_per_second: u32,
    /// Requests that may come at once.
    pub burst: u32,
}

/// A caller's quota at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaSnapshot {
    /// Name of the plan that applies.
    pub plan: String,
    /// Use of each window.
    pub windows: Vec<WindowUse>,
    /// The rate limit.
    pub rate: RateLimit,
}
