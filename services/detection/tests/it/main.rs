//! Detections and pictures through the service's public door, with a scripted engine.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

mod accounts;
mod batches;
mod billing;
mod bucket;
mod detections;
mod documents;
mod faulty_s3;
mod image_urls;
mod images;
mod jobs;
mod kept_pictures;
mod leftovers;
mod listing;
mod matches;
mod once;
mod papers;
mod retention;
mod subjects;
mod support;
mod upload_rules;
mod uploaded_images;
mod uploads;
mod verifications;
