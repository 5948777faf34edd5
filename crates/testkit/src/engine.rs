//! An engine whose answers a test decides.

use async_trait::async_trait;

use prosopa_contract::engine::{
    AnalyzeFacesRequest, AnalyzeFacesResponse, BoundingBox, Calibration, CalibrationPoint,
    DescribeModelsResponse, Engine, EngineError, Face, ImageFormat, ImageInfo, Point, Quality,
    ReadDocumentRequest, ReadDocumentResponse, StageTimings,
};

type Script = dyn Fn(AnalyzeFacesRequest) -> Result<AnalyzeFacesResponse, EngineError> + Send + Sync;
type ReadingScript = dyn Fn(ReadDocumentRequest) -> Result<ReadDocumentResponse, EngineError> + Send + Sync;

/// Answers as its scripts say.
pub struct ScriptedEngine {
    script: Box<Script>,
    reading: Box<ReadingScript>,
}

impl ScriptedEngine {
    /// Wraps a script for faces; documents have no text.
    pub fn new(
        script: impl Fn(AnalyzeFacesRequest) -> Result<AnalyzeFacesResponse, EngineError> + Send + Sync + 'static,
    ) -> Self {
        Self { script: Box::new(script), reading: Box::new(|_| Ok(ReadDocumentResponse::default())) }
    }

    /// The same with a script for documents.
    #[must_use]
    pub fn reading(
        mut self,
        script: impl Fn(ReadDocumentRequest) -> Result<ReadDocumentResponse, EngineError> + Send + Sync + 'static,
    ) -> Self {
        self.reading = Box::new(script);
        self
    }
}

#[async_trait]
impl Engine for ScriptedEngine {
    async fn analyze_faces(&self, request: AnalyzeFacesRequest) -> Result<AnalyzeFacesResponse, EngineError> {
        (self.script)(request)
    }

    async fn read_document(&self, request: ReadDocumentRequest) -> Result<ReadDocumentResponse, EngineError> {
        (self.reading)(request)
    }

    async fn describe_models(&self) -> Result<DescribeModelsResponse, EngineError> {
        Ok(DescribeModelsResponse {
            model_digest: "0".repeat(64),
            name: "scripted".into(),
            calibration: Some(calibration()),
            ..DescribeModelsResponse::default()
        })
    }
}

/// An analysis of a 200 x 100 picture of this format with this many faces.
pub fn analysis_of(format: ImageFormat, face_count: usize) -> AnalyzeFacesResponse {
    let face = Face {
        r#box: Some(BoundingBox { x0: 20.0, y0: 10.0, x1: 60.0, y1: 60.0 }),
        confidence: 0.99,
        landmarks5: vec![Point { x: 31.25, y: 27.5 }; 5],
        landmarks68: vec![Point { x: 33.0, y: 44.0 }; 68],
        roll_degrees: -3.5,
        quality: Some(Quality { sharpness: 120.0, brightness: 0.5, face_px: 40.0 }),
        embedding: vec![0.125; 128],
    };
    AnalyzeFacesResponse {
        image: Some(ImageInfo { width: 200, height: 100, format: format.into() }),
        faces: vec![face; face_count],
        model_digest: "0".repeat(64),
        timings: Some(StageTimings { decode_us: 1, detect_us: 2, ..StageTimings::default() }),
    }
}

/// What distances mean to the scripted engine: a match up to .6 keeps a false match rate of .02, the least that can be kept;
/// from 1 on two persons are certain; in between it cannot tell.
pub fn calibration() -> Calibration {
    let point =
        |distance, [match_probability, low, high]: [f64; 3], [rate, rate_low, rate_high]: [f64; 3]| {
            CalibrationPoint {
                distance,
                match_probability,
                match_probability_low: low,
                match_probability_high: high,
                false_match_rate: rate,
                false_match_rate_low: rate_low,
                false_match_rate_high: rate_high,
            }
        };
    Calibration {
        points: vec![
            point(0.4, [0.99, 0.95, 0.999], [0.0, 0.0, 0.005]),
            point(0.6, [0.5, 0.3, 0.7], [0.01, 0.005, 0.02]),
            point(1.0, [0.01, 0.001, 0.05], [0.9, 0.8, 0.95]),
        ],
        genuine_pairs: 100,
        impostor_pairs: 500,
        people: 10,
        trusted_distance_min: 0.3,
        trusted_distance_max: 0.9,
        fmr_distance_min: 0.6,
        source_sha256: "0".repeat(64),
    }
}
