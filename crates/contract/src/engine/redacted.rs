//! Debug forms of what is read from a person's papers: never the text.

use std::fmt;

use super::{TextLine, ZoneField, ZoneLine, ZoneRepair};

impl fmt::Debug for TextLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TextLine").field("confidence", &self.confidence).finish_non_exhaustive()
    }
}

impl fmt::Debug for ZoneLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ZoneLine").field("len", &self.text.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for ZoneField {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("ZoneField");
        shown.field("name", &self.name()).field("check", &self.check());
        shown.field("is_repaired", &self.is_repaired).finish_non_exhaustive()
    }
}

impl fmt::Debug for ZoneRepair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("ZoneRepair");
        shown.field("line", &self.line).field("column", &self.column).field("reason", &self.reason());
        shown.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No log holds what stands in a person's papers.
    #[test]
    fn debug_forms_do_not_show_what_was_read() {
        let text = || "ERIKSSON".to_owned();
        let line = TextLine { text: text(), ..TextLine::default() };
        let zone_line = ZoneLine { text: text(), ..ZoneLine::default() };
        let field = ZoneField { value: Some(text()), text: text(), ..ZoneField::default() };
        let repair = ZoneRepair { from: text(), to: text(), ..ZoneRepair::default() };
        let shown = format!("{line:?} {zone_line:?} {field:?} {repair:?}");
        assert!(!shown.contains("ERIKSSON"), "{shown}");
    }
}
