//! Puts one side together: background, titles, portrait, fields, machine readable zone.

use image::RgbImage;
use rand::RngExt;

use crate::papers::font::Fonts;
use crate::papers::geometry::{Quad, Rect};
use crate::papers::mrz;
use crate::papers::person::{Identity, Kind};
use crate::papers::random::{Purpose, Random, generator};

use super::Document;
use super::background;
use super::canvas::Canvas;
use super::layout::{self, Cell, Layout};
use super::style::Style;
use super::text::{self, Place};
use super::truth::{Field, Line, Role, Side, Truth};

struct Page<'a> {
    canvas: Canvas,
    style: Style<'a>,
    lines: Vec<Line>,
}

pub(crate) fn draw(
    identity: &Identity,
    side: Side,
    portrait: &RgbImage,
    fonts: &Fonts,
    seed: u64,
) -> Document {
    let side = match (identity.kind, side) {
        (Kind::Td3, _) => Side::DataPage,
        (Kind::Td1, Side::Front) => Side::Front,
        (Kind::Td1, _) => Side::Back,
    };
    // Drawn first and alike for all sides of the document.
    let random = &mut generator(seed, Purpose::Drawing);
    let style = Style::random(fonts, random);
    let (width_mm, height_mm) = layout::extent_mm(identity.kind);
    let canvas = Canvas::new(style.width_px, width_mm, height_mm);
    let mut page = Page { canvas, style, lines: Vec::new() };
    let layout = layout::of(side);

    background::paint(&mut page.canvas, page.style.tints, random);
    if layout.mrz.is_some() {
        page.pale_zone(random);
    }
    page.set_titles(identity, side);
    if let Some(area) = layout.portrait {
        page.canvas.paste(portrait, area, 1.0);
        page.set_ghost(portrait, side, random);
    }
    for cell in layout.cells {
        page.set_field(identity, *cell, &layout);
    }
    let mrz = mrz::lines(identity);
    if let Some((left_mm, middles_mm)) = layout.mrz {
        page.set_mrz(&mrz, left_mm, middles_mm, fonts, random);
    }
    let whole = Rect::new(0.0, 0.0, page.canvas.picture.width() as f32, page.canvas.picture.height() as f32);
    let truth = Truth {
        identity: identity.clone(),
        side,
        mrz,
        portrait: layout.portrait.map(|area| Quad::from(area.scaled(page.canvas.px_per_mm))),
        lines: page.lines,
        outline: whole.into(),
    };
    Document { picture: page.canvas.picture, truth }
}

impl Page<'_> {
    fn set(&mut self, role: Role, text: &str, place: Place, is_bold: bool) {
        let font = self.style.font(text, is_bold);
        let colour = match role {
            Role::Value(_) | Role::NativeValue(_) => self.style.ink,
            _ => self.style.label_ink,
        };
        let ink = text::set(&mut self.canvas, font, text, place, colour);
        self.lines.push(Line { role, text: text.to_owned(), outline: ink.into() });
    }

    fn set_titles(&mut self, identity: &Identity, side: Side) {
        let (width_mm, _) = layout::extent_mm(identity.kind);
        let issuer = identity.issuer;
        let place = |x_mm, baseline_mm, size_mm, room_mm| Place { x_mm, baseline_mm, size_mm, room_mm };
        match side {
            Side::Back => self.set(Role::Title, "SPECIMEN", place(4.7, 5.4, 2.4, 30.0), true),
            Side::Front | Side::DataPage => {
                let title = if side == Side::Front { "IDENTITY CARD" } else { "PASSPORT" };
                let size_mm = if side == Side::Front { 3.0 } else { 4.0 };
                let state = format!("{} / {}", issuer.name, issuer.native_name).to_uppercase();
                let half = width_mm / 2.0;
                self.set(Role::Title, &state, place(4.0, 2.0 + size_mm, size_mm, half - 5.0), true);
                self.set(Role::Title, title, place(half + 2.0, 2.0 + size_mm, size_mm, half * 0.5), true);
                let beside = place(width_mm - 17.0, 2.0 + size_mm, 2.2, 14.0);
                self.set(Role::Title, "SPECIMEN", beside, true);
            }
        }
    }

    fn set_ghost(&mut self, portrait: &RgbImage, side: Side, random: &mut Random) {
        if random.random() {
            let area = match side {
                Side::DataPage => Rect::new(105.0, 19.5, 13.0, 15.2),
                _ => Rect::new(70.0, 12.5, 12.0, 14.5),
            };
            self.canvas.paste(portrait, area, random.random_range(0.1..0.25));
        }
    }

    fn set_field(&mut self, identity: &Identity, cell: Cell, layout: &Layout) {
        let Some((value, native)) = self.value(identity, cell.field) else { return };
        let label = layout::label(cell.field, identity.issuer.language);
        let place = |x_mm, baseline_mm, size_mm, room_mm| Place { x_mm, baseline_mm, size_mm, room_mm };
        let (label_mm, value_mm) = (layout.label_mm, layout.value_mm);
        let label_place = place(cell.x_mm, cell.y_mm + label_mm * 0.8, label_mm, cell.room_mm);
        self.set(Role::Label, &label, label_place, false);
        let baseline_mm = cell.y_mm + label_mm * 1.15 + value_mm;
        let is_bold = self.style.is_bold;
        let Some(native) = native else {
            let place = place(cell.x_mm, baseline_mm, value_mm, cell.room_mm);
            self.set(Role::Value(cell.field), &value, place, is_bold);
            return;
        };
        let half_mm = cell.room_mm / 2.0 - 1.0;
        let left = place(cell.x_mm, baseline_mm, value_mm, half_mm);
        self.set(Role::NativeValue(cell.field), &native, left, is_bold);
        let right = place(cell.x_mm + half_mm + 2.0, baseline_mm, value_mm, half_mm);
        self.set(Role::Value(cell.field), &value, right, is_bold);
    }

    /// What is printed, in Latin letters and in those of the state; nothing where the person has no such thing.
    fn value(&self, identity: &Identity, field: Field) -> Option<(String, Option<String>)> {
        // Arabic letters must be joined, which the typesetting here cannot do.
        let native =
            |name: &crate::papers::person::Name| name.native.clone().filter(|native| !is_arabic(native));
        let value = match field {
            Field::Surname => return Some((identity.surname.printed.clone(), native(&identity.surname))),
            Field::GivenNames => {
                return identity.given_names.as_ref().map(|name| (name.printed.clone(), native(name)));
            }
            Field::PersonalNumber => return identity.personal_number.clone().map(|number| (number, None)),
            Field::DocumentType => "P".to_owned(),
            Field::IssuingState => identity.issuer.code.to_owned(),
            Field::DocumentNumber => identity.number.clone(),
            Field::Nationality if identity.kind == Kind::Td3 => identity.nationality.name.to_uppercase(),
            Field::Nationality => identity.nationality.code.to_owned(),
            Field::BirthDate => self.style.print(identity.birth),
            Field::Sex => identity.sex.to_print().to_string(),
            Field::BirthPlace => identity.birth_place.clone(),
            Field::IssueDate => self.style.print(identity.issued),
            Field::ExpiryDate => self.style.print(identity.expires),
            Field::Authority => identity.authority.clone(),
            Field::Height => format!("{} cm", identity.height_cm),
            Field::Address => identity.address.clone(),
        };
        Some((value, None))
    }

    /// The machine readable zone is paler than the rest, so that the pattern does not disturb readers.
    fn pale_zone(&mut self, random: &mut Random) {
        let height_mm = self.canvas.picture.height() as f32 / self.canvas.px_per_mm;
        let width_mm = self.canvas.picture.width() as f32 / self.canvas.px_per_mm;
        let zone = Rect::new(0.0, height_mm - 23.2, width_mm, 23.2);
        self.canvas.fill(zone, [250.0; 3], random.random_range(0.25..0.85));
    }

    fn set_mrz(
        &mut self,
        mrz: &[String],
        left_mm: f32,
        middles_mm: &[f32],
        fonts: &Fonts,
        random: &mut Random,
    ) {
        let left_mm = left_mm + random.random_range(-0.6..0.6);
        // Half of a capital of OCR-B at this pitch.
        let half_mm = text::mrz_capital_mm(&fonts.mrz) / 2.0;
        for (index, (text, middle_mm)) in mrz.iter().zip(middles_mm).enumerate() {
            let at_mm = (left_mm, middle_mm + half_mm);
            let places = text::set_mrz(&mut self.canvas, &fonts.mrz, text, at_mm, self.style.ink);
            self.lines.push(Line { role: Role::Mrz(index), text: text.clone(), outline: places.into() });
        }
    }
}

fn is_arabic(text: &str) -> bool {
    text.chars().any(|character| ('\u{600}'..='\u{6ff}').contains(&character))
}
