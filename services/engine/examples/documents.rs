//! How exactly documents are read: `documents PACK FONTS PORTRAIT COUNT [SEED]`, where FONTS is what `scripts/fonts.sh`
//! prints and PORTRAIT a picture of a head. Draws COUNT cards and COUNT passports, photographs each well and badly, and
//! prints the shares that were read exactly. Of every fifth card the front is read too, which has no zone.

#![allow(clippy::print_stdout, clippy::expect_used, clippy::unwrap_used, reason = "a tool for developers")]

use std::{env, path::PathBuf, sync::Arc, time::Instant};

use futures::{StreamExt, stream};
use prosopa_contract::engine::{
    CalendarDate, Engine, MachineReadableZone, ReadDocumentRequest, ReadDocumentResponse,
};
use prosopa_engine::{Config, EngineService};
use prosopa_testkit::papers::{
    degrade::{Photo, Span, photograph},
    draw::{Role, draw},
    font::Fonts,
    person::{Date, Identity, Kind},
};

const TODAY: Date = Date::new(2026, 6, 1);
const AT_ONCE: usize = 2;
/// Of so many cards one front is read.
const FRONT_EVERY: u64 = 5;

#[derive(Default)]
struct Sums {
    documents: u32,
    lines: u32,
    found: u32,
    lines_right: u32,
    lines_right_unrepaired: u32,
    documents_right: u32,
    valid: u32,
    valid_right: u32,
    fields: u32,
    fields_right: u32,
    printed: u32,
    printed_right: u32,
    without_zone: u32,
    invented: u32,
    device_us: u64,
    detect_us: u64,
    recognize_us: u64,
    zone_us: u64,
}

#[tokio::main]
async fn main() {
    let mut arguments = env::args().skip(1);
    let mut next = || arguments.next();
    let usage = "usage: documents PACK FONTS PORTRAIT COUNT [SEED]";
    let pack = PathBuf::from(next().expect(usage));
    let fonts = Fonts::load(&PathBuf::from(next().expect(usage))).expect("fonts");
    let portrait = image::open(next().expect(usage)).expect("the portrait").into_rgb8();
    let count: u64 = next().expect(usage).parse().expect(usage);
    let seed: u64 = next().map_or(1, |seed| seed.parse().expect(usage));
    let is_verbose = env::var_os("VERBOSE").is_some();
    let config = Config { model_pack_dir: pack, workers: AT_ONCE, ..Config::default() };
    let engine = EngineService::open(&config).expect("the engine starts");
    for (name, span) in [("clean", Span::clean()), ("degraded", Span::degraded())] {
        for (kind_name, kind) in [("passports", Kind::Td3), ("cards", Kind::Td1)] {
            let start = Instant::now();
            let photos = stream::iter(seed..seed + count).flat_map(|seed| {
                let identity = Identity::random(kind, TODAY, seed);
                let mut documents = draw(&identity, &portrait, &fonts, seed);
                if !seed.is_multiple_of(FRONT_EVERY) {
                    documents.drain(..documents.len() - 1);
                }
                stream::iter(documents.into_iter().map(move |document| (document, seed)))
            });
            let read = photos
                .map(|(document, seed)| {
                    let photo = photograph(&document, &span, seed).expect("a photograph");
                    let engine = Arc::clone(&engine);
                    async move {
                        let request = ReadDocumentRequest {
                            image: photo.jpeg.clone().into(),
                            today: Some(CalendarDate { year: 2026, month: 6, day: 1 }),
                            ..ReadDocumentRequest::default()
                        };
                        let answer = engine.read_document(request).await.expect("an answer");
                        (seed, photo, answer)
                    }
                })
                .buffered(AT_ONCE);
            let mut sums = Sums::default();
            read.for_each(|(seed, photo, answer)| {
                let differences = sums.add(&photo, &answer);
                if is_verbose {
                    for difference in differences {
                        println!("{name} {kind_name} {seed}: {difference}");
                    }
                }
                std::future::ready(())
            })
            .await;
            println!("{name} {kind_name} ({:.0} s): {}", start.elapsed().as_secs_f32(), sums.tell());
        }
    }
}

impl Sums {
    /// Counts one picture; tells how its zone differs from the truth.
    fn add(&mut self, photo: &Photo, answer: &ReadDocumentResponse) -> Vec<String> {
        self.documents += 1;
        let timings = answer.timings.unwrap_or_default();
        self.device_us += timings.device_us;
        self.detect_us += timings.detect_us;
        self.recognize_us += timings.recognize_us;
        self.zone_us += timings.zone_us;
        for line in photo.truth.lines.iter().filter(|line| matches!(line.role, Role::Value(_))) {
            self.printed += 1;
            let plain = |text: &str| text.split_whitespace().collect::<String>();
            let is_read = answer.lines.iter().any(|read| plain(&read.text) == plain(&line.text));
            self.printed_right += u32::from(is_read);
        }
        let truth: Vec<&str> = photo.truth.mrz_lines().map(|line| line.text.as_str()).collect();
        if truth.is_empty() {
            self.without_zone += 1;
            self.invented += u32::from(answer.zone.is_some());
            return Vec::new();
        }
        self.lines += truth.len() as u32;
        let Some(zone) = &answer.zone else {
            let rows: Vec<_> =
                answer.lines.iter().filter(|line| line.text.len() > 20).map(|line| &line.text).collect();
            return vec![format!("no zone; {rows:?}")];
        };
        self.found += 1;
        let read: Vec<&str> = zone.lines.iter().map(|line| line.text.as_str()).collect();
        let original = unrepaired(zone);
        let mut differences = Vec::new();
        for (index, truth) in truth.iter().enumerate() {
            let is_right = read.get(index) == Some(truth);
            self.lines_right += u32::from(is_right);
            self.lines_right_unrepaired += u32::from(original.get(index).map(String::as_str) == Some(truth));
            if !is_right {
                differences.push(format!("\n  {truth}\n  {}", read.get(index).unwrap_or(&"")));
            }
        }
        if !differences.is_empty() {
            let long = answer.lines.iter().filter(|line| line.text.len() > 10);
            differences.extend(long.map(|line| format!("\n    {} {:?}", line.text, line.corners)));
        }
        let is_right = differences.is_empty() && read.len() == truth.len();
        self.documents_right += u32::from(is_right);
        self.valid += u32::from(zone.is_valid);
        self.valid_right += u32::from(zone.is_valid && is_right);
        self.count_fields(&truth, &read);
        differences
    }

    /// By the places of the format that the truth has.
    fn count_fields(&mut self, truth: &[&str], read: &[&str]) {
        let Some(format) = prosopa_engine::mrz::format::Format::recognise(truth) else { return };
        for field in format.fields() {
            let of = |lines: &[&str]| {
                let line = lines.get(field.span.line)?;
                line.get(field.span.start..field.span.start + field.span.len).map(str::to_owned)
            };
            self.fields += 1;
            self.fields_right += u32::from(of(truth) == of(read));
        }
    }

    fn tell(&self) -> String {
        let share = |part: u32, whole: u32| {
            format!("{part}/{whole} ({:.1} %)", 100.0 * f64::from(part) / f64::from(whole.max(1)))
        };
        let each_ms = |sum_us: u64| sum_us / 1000 / u64::from(self.documents.max(1));
        format!(
            "zones found {}, lines {} (before repair {}), documents {}, valid {} of which right {}, fields {}, printed {}, \
             zones invented {}/{}, {} ms of processor time each (wall time of finding text {}, reading it {}, the zone {})",
            share(self.found, self.documents - self.without_zone),
            share(self.lines_right, self.lines),
            share(self.lines_right_unrepaired, self.lines),
            share(self.documents_right, self.documents - self.without_zone),
            self.valid,
            share(self.valid_right, self.valid),
            share(self.fields_right, self.fields),
            share(self.printed_right, self.printed),
            self.invented,
            self.without_zone,
            each_ms(self.device_us),
            each_ms(self.detect_us),
            each_ms(self.recognize_us),
            each_ms(self.zone_us),
        )
    }
}

/// The lines as they were before the repairs.
fn unrepaired(zone: &MachineReadableZone) -> Vec<String> {
    let mut lines: Vec<Vec<char>> = zone.lines.iter().map(|line| line.text.chars().collect()).collect();
    for repair in zone.repairs.iter().rev() {
        let place = lines.get_mut(repair.line as usize).and_then(|line| line.get_mut(repair.column as usize));
        if let (Some(place), Some(from)) = (place, repair.from.chars().next()) {
            *place = from;
        }
    }
    lines.into_iter().map(|line| line.into_iter().collect()).collect()
}
