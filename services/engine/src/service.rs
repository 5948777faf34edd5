//! The engine as a service: a model pack behind a scheduler, offered through the contract.

use std::{io, sync::Arc};

use async_trait::async_trait;
use prosopa_contract::engine::{
    AnalyzeFacesRequest, AnalyzeFacesResponse, DescribeModelsResponse, Engine, EngineError,
    ReadDocumentRequest, ReadDocumentResponse,
};

use crate::{
    analysis::{Analyzer, Options, check_len},
    config::{Config, Invalid},
    document::{DocumentReader, read_today},
    mrz::fields::Date,
    pack::{self, Calibration, Pack},
    queue::{Limits, Queue, Stats, Turn},
};

/// Longest account id, bytes.
const ACCOUNT_ID_LEN_MAX: usize = 128;

/// Why the engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value of the configuration is out of range.
    #[error("configuration of the engine: {0}")]
    Config(#[from] Invalid),
    /// The model pack cannot be used.
    #[error("model pack: {0}")]
    Pack(#[from] pack::Error),
    /// The system gives no more threads.
    #[error("cannot start a worker thread: {0}")]
    Worker(#[from] io::Error),
}

/// What waits in the queue: both kinds of work wait for the same workers.
enum Job {
    Faces { request: AnalyzeFacesRequest, options: Options },
    Document { request: ReadDocumentRequest, today: Date },
}

enum Answer {
    Faces(AnalyzeFacesResponse),
    Document(Box<ReadDocumentResponse>),
}

/// The networks of both kinds.
struct Networks {
    analyzer: Arc<Analyzer>,
    documents: DocumentReader,
}

impl Networks {
    fn run(&self, job: Job, turn: &Turn<'_>) -> Result<Answer, EngineError> {
        match job {
            Job::Faces { request, options } => self
                .analyzer
                .analyze(&request.image, options, turn.queue_us, turn.is_abandoned)
                .map(Answer::Faces),
            Job::Document { request, today } => self
                .documents
                .read(&request.image, today, request.with_portrait, turn.queue_us, turn.is_abandoned)
                .map(|answer| Answer::Document(Box::new(answer))),
        }
    }
}

/// Finds, aligns and embeds faces and reads documents on this machine's processor.
pub struct EngineService {
    queue: Queue<Job, Answer>,
    description: DescribeModelsResponse,
}

impl EngineService {
    /// Verifies and loads the model pack and starts the workers. Blocks for as long as reading the pack takes.
    ///
    /// # Errors
    /// The configuration is out of range, the pack is missing or damaged, or no thread can be started.
    pub fn open(config: &Config) -> Result<Arc<Self>, Error> {
        config.validate()?;
        let pack = Pack::open(&config.model_pack_dir)?;
        let analyzer = Arc::new(Analyzer::load(&pack, config.pixel_budget_px)?);
        let limits = Limits {
            workers: config.workers_effective(),
            len_max: config.queue_len_max,
            bytes_max: config.queue_bytes_max,
        };
        let manifest = pack.manifest();
        let description = DescribeModelsResponse {
            model_digest: pack.digest().to_owned(),
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            device: "cpu".into(),
            calibration: manifest.calibration.as_ref().map(Calibration::to_message),
        };
        let documents = DocumentReader::new(pack, Arc::clone(&analyzer));
        let networks = Networks { analyzer, documents };
        let queue = Queue::start(limits, move |job: Job, turn| networks.run(job, turn))?;
        tracing::info!(
            digest = %description.model_digest, name = %description.name, version = %description.version,
            workers = limits.workers, "model pack loaded"
        );
        Ok(Arc::new(Self { queue, description }))
    }

    /// The scheduler's counters.
    pub fn stats(&self) -> Stats {
        self.queue.stats()
    }

    /// Refuses new pictures as `Unavailable`, finishes those that wait, and returns when the workers have ended.
    pub async fn shut_down(&self) {
        self.queue.close();
        self.queue.drained().await;
    }
}

#[async_trait]
impl Engine for EngineService {
    async fn analyze_faces(&self, request: AnalyzeFacesRequest) -> Result<AnalyzeFacesResponse, EngineError> {
        check_len(&request.image)?;
        let options = Options::read(&request)?;
        check_account_id(&request.account_id)?;
        let (account, bytes) = (request.account_id.clone(), request.image.len());
        match self.queue.run(&account, Job::Faces { request, options }, bytes).await? {
            Answer::Faces(answer) => Ok(answer),
            Answer::Document(_) => Err(mixed_up()),
        }
    }

    async fn read_document(&self, request: ReadDocumentRequest) -> Result<ReadDocumentResponse, EngineError> {
        check_len(&request.image)?;
        let today = read_today(request.today.as_ref())?;
        check_account_id(&request.account_id)?;
        let (account, bytes) = (request.account_id.clone(), request.image.len());
        match self.queue.run(&account, Job::Document { request, today }, bytes).await? {
            Answer::Document(answer) => Ok(*answer),
            Answer::Faces(_) => Err(mixed_up()),
        }
    }

    async fn describe_models(&self) -> Result<DescribeModelsResponse, EngineError> {
        Ok(self.description.clone())
    }
}

fn check_account_id(account_id: &str) -> Result<(), EngineError> {
    if account_id.len() > ACCOUNT_ID_LEN_MAX {
        let detail = format!("account_id must have at most {ACCOUNT_ID_LEN_MAX} bytes");
        return Err(EngineError::InvalidArgument { detail });
    }
    Ok(())
}

/// Each kind of work has its own kind of answer.
fn mixed_up() -> EngineError {
    EngineError::Internal { detail: "the answer is of another kind than the work".into() }
}
