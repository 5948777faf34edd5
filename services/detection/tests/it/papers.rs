//! An engine for documents that are texts: what a test writes into a picture is what is read in it.

use prosopa_contract::engine::{
    AnalyzeFacesRequest, AnalyzeFacesResponse, EngineError, Face, ImageFormat, ImageInfo,
    MachineReadableZone, Point, ReadDocumentRequest, ReadDocumentResponse, ReadingTimings, RepairReason,
    StageTimings, TextLine, ZoneCheck, ZoneField, ZoneFieldName, ZoneFormat, ZoneLine, ZoneProblem,
    ZoneProblemKind, ZoneRepair,
};
use prosopa_model::AccountId;
use prosopa_testkit::{Received, ScriptedEngine, analysis_of};

use crate::support::Detection;

/// The front of a passport that is in order: `zone` stands for the zone, `face 0.0` for a portrait there in the space of
/// embeddings, everything else is a line of text under the one before.
pub(crate) const PASSPORT: &str = "zone\nface 0.0\nSurname / Nom\nEriksson\nGiven names / Prénoms\nAnna Maria\n\
    Date of birth / Date de naissance\n12 AUG 1974\nSex / Sexe\nF";

/// The service with such an engine.
pub(crate) async fn start() -> Detection {
    Detection::with_engine(ScriptedEngine::new(|request| look(&request)).reading(|request| read(&request)))
        .await
}

/// Keeps a picture of this text.
pub(crate) async fn keep(detection: &Detection, account: AccountId, kind: &str, text: &str) -> String {
    detection.keep(account, &[("type", kind)], text.as_bytes()).await
}

/// Sends JSON with these headers beside it.
pub(crate) async fn post(
    detection: &Detection,
    account: AccountId,
    path: &str,
    headers: &[(&str, &str)],
    body: &serde_json::Value,
) -> Received {
    let mut request = http::Request::post(path).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    detection.call(account, request.body(body.to_string().into()).unwrap()).await
}

/// Sends JSON that is refused; the status, the code, and what of the request is at fault.
pub(crate) async fn problem(
    detection: &Detection,
    account: AccountId,
    path: &str,
    body: &serde_json::Value,
) -> (u16, String, String) {
    let received = post(detection, account, path, &[], body).await;
    let problem = received.json();
    let pointer = problem["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned();
    (received.status.as_u16(), problem["code"].as_str().unwrap_or_default().to_owned(), pointer)
}

/// Sends a form: each field is a text, or a file of that text.
pub(crate) async fn post_form(
    detection: &Detection,
    account: AccountId,
    path: &str,
    fields: &[(&str, bool, &str)],
) -> Received {
    let mut body = String::new();
    for (name, is_file, value) in fields {
        let file = if *is_file { "; filename=\"f\"\r\nContent-Type: image/jpeg" } else { "" };
        body.push_str(&format!(
            "--b\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str("--b--\r\n");
    let request = http::Request::post(path).header("content-type", "multipart/form-data; boundary=b");
    detection.call(account, request.body(body.into()).unwrap()).await
}

fn look(request: &AnalyzeFacesRequest) -> Result<AnalyzeFacesResponse, EngineError> {
    let text = String::from_utf8_lossy(&request.image).into_owned();
    if text == "broken" {
        return Err(EngineError::UndecodableImage { detail: "it is torn".into() });
    }
    let faces: Vec<Face> = text.lines().filter_map(face).collect();
    let mut answer = analysis_of(ImageFormat::Jpeg, 0);
    answer.faces = faces;
    answer.timings = Some(StageTimings { device_us: 500, ..StageTimings::default() });
    Ok(answer)
}

/// A face that is written as `face`, its place among embeddings, and perhaps `dim`.
fn face(line: &str) -> Option<Face> {
    let mut words = line.strip_prefix("face ")?.split(' ');
    let place: f32 = words.next()?.parse().ok()?;
    let mut face = analysis_of(ImageFormat::Jpeg, 1).faces.remove(0);
    face.embedding = vec![0.0; 128];
    face.embedding[0] = place;
    let quality = face.quality.as_mut()?;
    quality.face_px = 200.0;
    if words.next() == Some("dim") {
        (quality.brightness, quality.sharpness) = (0.05, 10.0);
    }
    Some(face)
}

fn read(request: &ReadDocumentRequest) -> Result<ReadDocumentResponse, EngineError> {
    let today = request.today.unwrap_or_default();
    let text = String::from_utf8_lossy(&request.image).into_owned();
    let mut answer = ReadDocumentResponse {
        image: Some(ImageInfo { width: 1000, height: 700, format: ImageFormat::Jpeg.into() }),
        model_digest: "0".repeat(64),
        timings: Some(ReadingTimings { device_us: 4_000, ..ReadingTimings::default() }),
        ..ReadDocumentResponse::default()
    };
    for line in text.lines() {
        if let Some(portrait) = face(line) {
            answer.portrait = Some(portrait);
        } else if let Some(how) = line.strip_prefix("zone") {
            answer.zone_count += 1;
            answer.zone = Some(zone(how.trim(), today.year));
        } else {
            let y = 100.0 + 30.0 * answer.lines.len() as f32;
            answer.lines.push(TextLine { text: line.into(), confidence: 0.9, corners: corners(y) });
        }
    }
    Ok(answer)
}

fn corners(y: f32) -> Vec<Point> {
    [(300.0, y), (600.0, y), (600.0, y + 20.0), (300.0, y + 20.0)].map(|(x, y)| Point { x, y }).to_vec()
}

/// The zone of the standard's own example; `how` says what is wrong with it.
fn zone(how: &str, year: u32) -> MachineReadableZone {
    let problem =
        |kind: ZoneProblemKind, field: ZoneFieldName| ZoneProblem { kind: kind.into(), field: field.into() };
    let problems = match how {
        "wrong" => vec![problem(ZoneProblemKind::CheckDigitWrong, ZoneFieldName::BirthDate)],
        "repaired" => vec![problem(ZoneProblemKind::Repaired, ZoneFieldName::Unspecified)],
        _ => Vec::new(),
    };
    let line = |text: &str, y: f32| ZoneLine {
        text: text.into(),
        confidences: vec![0.99; text.len()],
        corners: corners(y),
    };
    let number = if how == "another" { "M898902C36UTO7408122F1204159ZE184226B<<<<<10" } else { LINES[1] };
    MachineReadableZone {
        format: ZoneFormat::Td3.into(),
        lines: vec![line(LINES[0], 600.0), line(number, 640.0)],
        fields: FIELDS.iter().map(|(name, value, text)| field(*name, value, text)).collect(),
        repairs: (how == "repaired").then(repair).into_iter().collect(),
        is_valid: problems.is_empty(),
        problems,
        is_composite_right: Some(how != "wrong"),
        // It expires in 2012.
        is_expired: Some(how == "expired" || year < 1),
        is_specimen: how == "specimen",
    }
}

fn repair() -> ZoneRepair {
    ZoneRepair {
        line: 1,
        column: 0,
        from: "1".into(),
        to: "L".into(),
        reason: RepairReason::CheckDigit.into(),
    }
}

const LINES: [&str; 2] =
    ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];

const FIELDS: [(ZoneFieldName, &str, &str); 5] = [
    (ZoneFieldName::Surname, "ERIKSSON", "ERIKSSON<<ANNA<MARIA"),
    (ZoneFieldName::GivenNames, "ANNA MARIA", "ERIKSSON<<ANNA<MARIA"),
    (ZoneFieldName::DocumentNumber, "L898902C3", "L898902C3"),
    (ZoneFieldName::BirthDate, "1974-08-12", "740812"),
    (ZoneFieldName::Sex, "F", "F"),
];

fn field(name: ZoneFieldName, value: &str, text: &str) -> ZoneField {
    ZoneField {
        name: name.into(),
        value: Some(value.into()),
        text: text.into(),
        confidence: 0.97,
        corners: corners(600.0),
        check: ZoneCheck::Right.into(),
        is_repaired: false,
        has_look_alike: false,
        may_be_truncated: false,
    }
}
