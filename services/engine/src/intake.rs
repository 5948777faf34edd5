//! From the bytes somebody sent to a picture that the pixel budget has room for.

use prosopa_contract::engine::{EngineError, ImageFormat};

use crate::{
    image::{Picture, inspect},
    pixel_budget::{Permit, PixelBudget},
    stopwatch::Stopwatch,
};

/// A decoded picture, and the room that it takes.
pub(crate) struct Intake<'a> {
    pub(crate) picture: Picture,
    pub(crate) format: ImageFormat,
    /// How long it waited, here and before, microseconds.
    pub(crate) queue_us: u64,
    pub(crate) decode_us: u64,
    /// Held for as long as the picture is.
    pub(crate) permit: Permit<'a>,
}

impl<'a> Intake<'a> {
    /// Waits for room and decodes; `work_px` is room for what happens to the picture afterwards.
    ///
    /// # Errors
    /// The picture cannot be decoded; `Unavailable` when it was abandoned meanwhile.
    pub(crate) fn take(
        budget: &'a PixelBudget,
        image: &[u8],
        work_px: u64,
        queue_us: u64,
        is_abandoned: &dyn Fn() -> bool,
    ) -> Result<Self, EngineError> {
        let decodable = inspect(image)?;
        let format = decodable.format();
        let mut permit = budget.acquire(decodable.cost_px() + work_px);
        let waited_us = u64::try_from(permit.waited().as_micros()).unwrap_or(u64::MAX);
        if is_abandoned() {
            return Err(abandoned());
        }
        let watch = Stopwatch::start();
        let picture = decodable.decode()?;
        // What decoding took besides the picture is free again.
        permit.shrink_to(u64::from(picture.width()) * u64::from(picture.height()) + work_px);
        let queue_us = queue_us.saturating_add(waited_us);
        Ok(Self { picture, format, queue_us, decode_us: watch.wall_us(), permit })
    }
}

/// Nobody reads this: the caller went away.
pub(crate) fn abandoned() -> EngineError {
    EngineError::Unavailable { detail: "the caller went away".into() }
}
