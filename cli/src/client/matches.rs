//! The operation that compares faces.

use reqwest::Method;

use super::sources::{Given, Members};
use super::transport::Call;
use super::types::Match;
use super::{Client, Error};

/// How faces are compared.
#[derive(Debug, Clone, Default)]
pub(crate) struct MatchOptions {
    /// The false match rate that is accepted.
    pub(crate) max_fmr: Option<f64>,
    /// Whether pictures with several faces are refused.
    pub(crate) is_single: bool,
}

impl Client {
    /// Compares the face of one picture with those of others.
    pub(crate) async fn compare(
        &self,
        image_a: &Given,
        images_b: &[Given],
        options: &MatchOptions,
    ) -> Result<Match, Error> {
        let mut members = Members::default();
        members.given.push(("image_a", image_a));
        members.given.extend(images_b.iter().map(|other| ("image_b", other)));
        members.settings.extend(options.max_fmr.map(|rate| ("max_fmr", rate.into())));
        members.settings.push(("require_single_face", options.is_single.into()));
        let call = members.add_to(Call::new(Method::POST, &["faces", "matches"]))?;
        self.authorized(call).await?.document()
    }
}
