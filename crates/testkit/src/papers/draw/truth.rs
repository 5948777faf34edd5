//! What a picture shows, and where.

use serde::Serialize;

use crate::papers::geometry::{Point, Quad};
use crate::papers::person::Identity;

/// Which page of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Side {
    /// Of a card: portrait and fields.
    Front,
    /// Of a card: more fields and the machine readable zone.
    Back,
    /// Of a passport: all of it.
    DataPage,
}

/// What a printed value says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "each is named as the documents name it")]
pub enum Field {
    DocumentType,
    IssuingState,
    DocumentNumber,
    Surname,
    GivenNames,
    Nationality,
    BirthDate,
    Sex,
    BirthPlace,
    IssueDate,
    ExpiryDate,
    PersonalNumber,
    Authority,
    Height,
    Address,
}

/// What a line of text is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Role {
    /// The name of the state or of the document, or the mark of a specimen.
    Title,
    /// Says what the value below it is.
    Label,
    /// A field's value in Latin letters.
    Value(Field),
    /// A field's value in the letters of the state.
    NativeValue(Field),
    /// A line of the machine readable zone, from 0.
    Mrz(usize),
}

/// A line of text as it was drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What it is there for.
    pub role: Role,
    /// Exactly what was drawn.
    pub text: String,
    /// Around the ink; of a line of the machine readable zone around all its places, so that lines of fillers fit too.
    pub outline: Quad,
}

/// All that a picture shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Truth {
    /// Whose document it is.
    pub identity: Identity,
    /// Which page.
    pub side: Side,
    /// The whole machine readable zone of the document, also where this page does not bear it.
    pub mrz: Vec<String>,
    /// Every line of text on this page.
    pub lines: Vec<Line>,
    /// Around the portrait, where there is one.
    pub portrait: Option<Quad>,
    /// Around the document.
    pub outline: Quad,
}

impl Truth {
    /// What was drawn as a field's value in Latin letters.
    pub fn value(&self, field: Field) -> Option<&str> {
        self.lines.iter().find(|line| line.role == Role::Value(field)).map(|line| line.text.as_str())
    }

    /// The lines of the machine readable zone that this page bears, from the top.
    pub fn mrz_lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| matches!(line.role, Role::Mrz(_)))
    }

    /// Moves every outline, as the picture is changed.
    pub(crate) fn carry(&mut self, mut change: impl FnMut(Point) -> Point) {
        for line in &mut self.lines {
            line.outline = line.outline.map(&mut change);
        }
        self.portrait = self.portrait.map(|portrait| portrait.map(&mut change));
        self.outline = self.outline.map(&mut change);
    }
}
