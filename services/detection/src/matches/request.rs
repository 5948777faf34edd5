//! What is to be compared, and how.

use serde::{Deserialize, Serialize};

use prosopa_model::{ImageId, UserId};

/// Most pictures that one is compared with.
pub(crate) const COMPARISONS_MAX: usize = 100;

/// How faces are to be compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct MatchOptions {
    /// The false match rate that is accepted.
    pub(crate) max_fmr: Option<f64>,
    /// Which face of the first picture; none: the largest.
    pub(crate) face_a: Option<u32>,
    /// Which face of the others.
    pub(crate) face_b: Option<u32>,
    /// Whether a picture with several faces is refused.
    #[serde(default)]
    pub(crate) require_single_face: bool,
}

/// Kept pictures that are to be compared.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NewMatch {
    pub(crate) user_id: UserId,
    pub(crate) image_a: ImageId,
    /// 1 to [`COMPARISONS_MAX`].
    pub(crate) images_b: Vec<ImageId>,
    /// Whether they were given as a list, which is how problems point at them.
    pub(crate) is_list: bool,
    pub(crate) options: MatchOptions,
}

impl NewMatch {
    /// The first picture, then the others.
    pub(super) fn ids(&self) -> impl Iterator<Item = ImageId> {
        std::iter::once(self.image_a).chain(self.images_b.iter().copied())
    }

    /// Where in the request the picture of this place stands, the first one being 0.
    pub(super) fn pointer(&self, index: usize) -> String {
        match index.checked_sub(1) {
            None => "/image_a".to_owned(),
            Some(index) if self.is_list => format!("/image_b/{index}"),
            Some(_) => "/image_b".to_owned(),
        }
    }
}
