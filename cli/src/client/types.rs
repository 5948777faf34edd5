//! What the API sends and takes. Fields that this version does not know are kept, so that JSON output is complete.

mod documents;
mod jobs;
mod matches;
mod programs;
mod verifications;

use bytes::Bytes;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use documents::{Document, DocumentField, DocumentSummary, FieldReading, Portrait, Repair};
pub(crate) use jobs::Job;
pub(crate) use matches::{Match, MatchResult};
pub(crate) use programs::{ApiClient, ApiKey, MadeClient, NewApiClient, NewApiKey, Rotation};
pub(crate) use verifications::{Verification, VerificationSummary};

/// Fields that this version does not know.
pub(crate) type Unknown = Map<String, Value>;

/// A picture that is ready to be sent.
#[derive(Clone)]
pub(crate) struct Picture {
    /// Its media type.
    pub(crate) content_type: &'static str,
    /// Its bytes, as they are in the file.
    pub(crate) bytes: Bytes,
}

/// A pair of tokens. Not serialisable: it never belongs into output.
#[derive(Debug, Deserialize)]
pub(crate) struct Tokens {
    /// Short-lived token for requests.
    pub(crate) access_token: SecretString,
    /// Token that buys the next pair.
    pub(crate) refresh_token: SecretString,
}

/// One page of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    /// What is on it.
    pub(crate) items: Vec<T>,
    /// Where the next page begins; absent on the last one.
    #[serde(default)]
    pub(crate) next_cursor: Option<String>,
}

/// A user.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct User {
    /// Id (`usr_…`).
    pub(crate) id: String,
    /// Id of the account that owns the user's data (`acc_…`).
    pub(crate) account_id: String,
    /// Name to sign in with.
    pub(crate) user_name: String,
    /// E-mail address.
    pub(crate) email: String,
    /// `user` or `administrator`.
    pub(crate) role: String,
    /// `active` or `deactivated`.
    pub(crate) status: String,
    /// RFC 3339.
    pub(crate) created_at: String,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// The signed-in user with the quota.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CurrentUser {
    /// The user.
    #[serde(flatten)]
    pub(crate) user: User,
    /// What the account may use and has used.
    pub(crate) quota: Option<Quota>,
}

/// What an account may use and has used.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Quota {
    /// Name of the plan.
    pub(crate) plan: String,
    /// Metered requests, per window.
    pub(crate) windows: Vec<QuotaWindow>,
    /// Speed limit.
    pub(crate) rate: Rate,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// Metered requests in one window.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct QuotaWindow {
    /// `day` or `month`.
    pub(crate) name: String,
    /// How many are allowed.
    pub(crate) limit: u64,
    /// How many were made.
    pub(crate) used: u64,
    /// How many are left.
    pub(crate) remaining: u64,
    /// When the window ends, RFC 3339.
    pub(crate) resets_at: String,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// Speed limit.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Rate {
    /// Requests a second, in the long run.
    pub(crate) requests_per_second: f64,
    /// Requests that may come at once.
    pub(crate) burst: u64,
}

/// A stored picture.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Image {
    /// Id (`img_…`).
    pub(crate) id: String,
    /// Digest of the bytes as sent, in hex.
    pub(crate) sha256: String,
    /// Upright width in pixels.
    pub(crate) width: u32,
    /// Upright height in pixels.
    pub(crate) height: u32,
    /// `jpeg`, `png` or `webp`.
    pub(crate) format: String,
    /// Size in bytes.
    pub(crate) bytes: u64,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// A picture with what was said of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredImage {
    /// The picture.
    #[serde(flatten)]
    pub(crate) image: Image,
    /// What it is of.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// RFC 3339.
    pub(crate) created_at: String,
    /// RFC 3339; it stays when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delete_at: Option<String>,
    /// Whose it is (`sub_…`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<String>,
}

/// A result in a list.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DetectionSummary {
    /// Id (`det_…`).
    pub(crate) id: String,
    /// RFC 3339.
    pub(crate) created_at: String,
    /// The picture.
    pub(crate) image: Image,
    /// How many faces were found.
    pub(crate) face_count: u64,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// A result: the faces of a picture.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Detection {
    /// Id (`det_…`).
    pub(crate) id: String,
    /// RFC 3339.
    pub(crate) created_at: String,
    /// The picture.
    pub(crate) image: Image,
    /// How many faces were found.
    pub(crate) face_count: u64,
    /// The faces.
    pub(crate) faces: Vec<Face>,
    /// The rest: model digest, timings.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// A face.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Face {
    /// Where it is, in pixels of the upright picture.
    #[serde(rename = "box")]
    pub(crate) bounds: Bounds,
    /// How sure the detector is, 0 to 1.
    pub(crate) confidence: f64,
    /// Eyes, nose and corners of the mouth, in pixels of the upright picture.
    #[serde(default)]
    pub(crate) landmarks5: Vec<Point>,
    /// The 68 points of the outline and the features, in pixels of the upright picture.
    #[serde(default)]
    pub(crate) landmarks68: Vec<Point>,
    /// How far the head leans, in degrees.
    pub(crate) roll_degrees: f64,
    /// How well it can be seen.
    pub(crate) quality: Quality,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Bounds {
    /// Left edge.
    pub(crate) x: f64,
    /// Upper edge.
    pub(crate) y: f64,
    /// Width.
    pub(crate) width: f64,
    /// Height.
    pub(crate) height: f64,
}

/// A point in pixels.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Point {
    /// From the left.
    pub(crate) x: f64,
    /// From the top.
    pub(crate) y: f64,
}

/// How well a face can be seen.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Quality {
    /// Sharpness, as the server measures it.
    pub(crate) sharpness: f64,
    /// Brightness, as the server measures it.
    pub(crate) brightness: f64,
    /// Size of the face in pixels.
    pub(crate) face_px: f64,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}
