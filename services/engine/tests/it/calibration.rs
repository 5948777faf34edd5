//! K4, N1: what the pack says of its distances, and what was measured.

use std::{fs, path::Path};

use prosopa_contract::engine::Engine;
use prosopa_engine::{
    evaluation::{
        CalibrationError, Gallery, GalleryError, Pairs, calibrate, compare, find_portraits, summarize,
    },
    pack::{Calibration, Error, Pack, build::default_calibration, set_calibration},
};
use serde_json::{Map, Value};

use crate::support::{asset, copy_pack, open_engine, shared_engine};

/// Every number by its path.
fn flat(calibration: &Calibration) -> Map<String, Value> {
    fn walk(path: &str, value: Value, into: &mut Map<String, Value>) {
        match value {
            Value::Object(members) => {
                members.into_iter().for_each(|(name, value)| walk(&format!("{path}/{name}"), value, into));
            }
            Value::Array(items) => {
                items
                    .into_iter()
                    .enumerate()
                    .for_each(|(at, value)| walk(&format!("{path}/{at}"), value, into));
            }
            value => drop(into.insert(path.to_owned(), value)),
        }
    }
    let mut into = Map::new();
    walk("", serde_json::to_value(calibration).unwrap(), &mut into);
    into
}

fn golden_pairs() -> Pairs {
    Pairs::parse(&asset("pairs.csv")).unwrap()
}

/// The table that packs are built with is what `prosopa models calibrate` makes of the pairs beside the tests.
#[test]
fn the_default_calibration_is_made_of_the_golden_pairs() {
    let (made, kept) = (calibrate(&golden_pairs()).unwrap(), default_calibration().unwrap());
    assert_eq!((made.genuine_pairs, made.impostor_pairs, made.people), (114, 786, 9));
    assert_eq!((&made.source_sha256, made.points.len()), (&kept.source_sha256, kept.points.len()));
    // Other processors may round the last digit of a logarithm in another way.
    let (made, kept) = (flat(&made), flat(&kept));
    for (name, value) in made {
        let off = (value.as_f64().unwrap_or(0.0) - kept[&name].as_f64().unwrap_or(0.0)).abs();
        assert!(off < 1e-5, "{name}: {value}, kept is {}", kept[&name]);
    }
}

/// It says how little nine persons can tell: no false match rate below a hundredth is promised.
#[test]
fn the_default_calibration_knows_its_limits() {
    let table = default_calibration().unwrap().to_message();
    assert_eq!(table.fault(), None);
    assert!((0.003..0.1).contains(&table.fmr_min()), "{}", table.fmr_min());
    assert!(table.fmr_distance_min > 0.6 && table.trusted_distance_min < 0.3);
    // Where the best thresholds were found on other pictures, both kinds are about as likely.
    let score = table.read(0.6).score;
    assert!((20.0..80.0).contains(&score), "{score}");
    assert!(table.read(0.3).score > 95.0 && table.read(0.9).score < 5.0);
    assert!(table.read(0.3).false_match_rate.is_none());
}

/// Figures that were counted once with another program: EER and recognised pairs.
#[test]
fn the_golden_pairs_are_measured() {
    let summaries = summarize(&golden_pairs());
    let names: Vec<_> =
        summaries.iter().map(|summary| summary.condition.as_deref().unwrap_or("all")).collect();
    assert_eq!(names, ["all", "clean", "lowq", "rot"]);
    let [all, clean, lowq, _] = summaries.as_slice() else { panic!("four summaries") };
    assert_eq!(clean.eer.value, 0.0);
    assert!(clean.eer.high > 0.05, "38 pairs without an error are no certainty: {:?}", clean.eer);
    assert!(lowq.eer.value > 0.0 && lowq.eer.value < 0.05, "{:?}", lowq.eer);
    let at_hundredth = all.tpr_at_fmr[1].tpr.unwrap();
    assert_eq!(at_hundredth.value, 1.0);
    assert!(at_hundredth.low < 0.97, "{at_hundredth:?}");
    assert!(all.tpr_at_fmr[2].tpr.is_none(), "786 pairs say nothing of a thousandth");
}

/// The engine tells the table of its pack.
#[tokio::test]
async fn the_engine_tells_the_calibration() {
    let dir = copy_pack();
    let calibration = default_calibration().unwrap();
    set_calibration(dir.path(), calibration.clone()).unwrap();
    let engine = open_engine(|config| config.model_pack_dir = dir.path().to_path_buf());
    let told = engine.describe_models().await.unwrap();
    assert_eq!(told.calibration, Some(calibration.to_message()));
    assert_eq!(told.model_digest, Pack::open(dir.path()).unwrap().digest());
    engine.shut_down().await;
}

/// A table that is not monotone is neither written nor read.
#[test]
fn a_calibration_that_is_none_is_refused() {
    let dir = copy_pack();
    let before = fs::read(dir.path().join("manifest.json")).unwrap();
    let mut calibration = default_calibration().unwrap();
    calibration.points.reverse();
    let refused = set_calibration(dir.path(), calibration).unwrap_err();
    assert!(matches!(&refused, Error::Manifest { detail } if detail.contains("calibration")), "{refused}");
    assert_eq!(fs::read(dir.path().join("manifest.json")).unwrap(), before);
}

fn put(folder: &Path, name: &str, asset_name: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, asset(asset_name)).unwrap();
}

/// A folder of faces: a folder a person, every pair, and what is no face is said.
#[tokio::test]
async fn a_folder_of_faces_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "a/1.png", "portrait_a1.png");
    put(folder.path(), "a/2.png", "portrait_a1_tilted.png");
    put(folder.path(), "b/1.png", "portrait_b1.png");
    put(folder.path(), "c/1.png", "astronaut.png");
    put(folder.path(), "c/broken.png", "README.md");
    put(folder.path(), "c/notes.txt", "README.md");
    let portraits = find_portraits(folder.path()).unwrap();
    assert_eq!(portraits.iter().map(|portrait| portrait.person).collect::<Vec<_>>(), [0, 0, 1, 2, 2]);
    let gallery = Gallery::embed(shared_engine(), &portraits, |_| {}).await.unwrap();
    assert_eq!((gallery.without_face.len(), gallery.refused.len()), (0, 1));
    let pairs = compare(&gallery).unwrap();
    assert_eq!((pairs.genuine(), pairs.impostor(), pairs.people()), (1, 5, 3));
    let nearest = pairs.all()[0];
    // The distance that the independent implementation found.
    assert!(nearest.is_same && (nearest.distance - 0.175).abs() <= 0.02, "{nearest:?}");
    assert!(pairs.all()[1].distance > 0.75, "{:?}", pairs.all()[1]);
    assert_eq!(calibrate(&pairs), Err(CalibrationError::TooFew { genuine: 1, impostor: 5 }));
    let alone = find_portraits(&folder.path().join("a"));
    assert!(matches!(alone, Err(GalleryError::NoPeople { .. })));
}
