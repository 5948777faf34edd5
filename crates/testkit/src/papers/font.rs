//! The typefaces that documents are printed in. Reads font files; draws nothing.

use std::path::{Path, PathBuf};

use ab_glyph::{Font, FontVec};

/// Names the folder of fonts that `scripts/fonts.sh` prints.
pub const FONTS_VARIABLE: &str = "PROSOPA_TEST_FONTS";

/// Why fonts cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FontError {
    /// A file of the set is not there.
    #[error("{path} cannot be read: run scripts/fonts.sh and name the folder it prints in {FONTS_VARIABLE}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is no font.
    #[error("{0} is not a font")]
    Invalid(PathBuf),
    /// The environment names no folder.
    #[error("{FONTS_VARIABLE} is not set: run scripts/fonts.sh and name the folder it prints")]
    Unnamed,
}

/// A typeface for the printed zone, plain and bold.
pub(crate) struct Family {
    pub(crate) plain: FontVec,
    pub(crate) bold: FontVec,
}

/// All typefaces that a document may use.
pub struct Fonts {
    pub(crate) mrz: FontVec,
    pub(crate) families: Vec<Family>,
    /// One more, which has every letter that the people's names need.
    pub(crate) fallback: Family,
}

impl Fonts {
    /// Reads the set from a folder that `scripts/fonts.sh` has filled.
    pub fn load(folder: &Path) -> Result<Self, FontError> {
        let family = |plain: &str, bold: &str| {
            Ok(Family { plain: read(folder.join(plain))?, bold: read(folder.join(bold))? })
        };
        Ok(Self {
            mrz: read(folder.join("OCRB.otf"))?,
            families: vec![
                family("LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf")?,
                family("LiberationSansNarrow-Regular.ttf", "LiberationSansNarrow-Bold.ttf")?,
                family("LiberationSerif-Regular.ttf", "LiberationSerif-Bold.ttf")?,
            ],
            fallback: family("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")?,
        })
    }

    /// Reads the set from the folder that the environment names.
    pub fn from_environment() -> Result<Self, FontError> {
        let folder = std::env::var_os(FONTS_VARIABLE).ok_or(FontError::Unnamed)?;
        Self::load(Path::new(&folder))
    }
}

fn read(path: PathBuf) -> Result<FontVec, FontError> {
    let bytes =
        std::fs::read(&path).map_err(|source| FontError::Unreadable { path: path.clone(), source })?;
    FontVec::try_from_vec(bytes).map_err(|_| FontError::Invalid(path))
}

/// Whether every character has a glyph of its own.
pub(crate) fn has_all(font: &FontVec, text: &str) -> bool {
    text.chars().all(|character| font.glyph_id(character).0 != 0)
}
