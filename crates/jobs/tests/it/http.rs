use std::time::Duration;

use axum::{Router, body::Body, extract::FromRef};
use http::{Method, Request};

use prosopa_jobs::{JobRow, Jobs, NewJob, Outcome, job_endpoints, job_routes};
use prosopa_model::{AccountId, Scope};
use prosopa_problem::Code;
use prosopa_testkit::{Received, principal_of, send};

use crate::support::{Process, World, ends_with, handler};

const LIST: &str = "/api/v1/test/jobs";

/// A service's state, of which jobs are a part.
#[derive(Clone)]
struct State(Jobs);

impl FromRef<State> for Jobs {
    fn from_ref(state: &State) -> Self {
        state.0.clone()
    }
}

fn href(row: &JobRow) -> Option<String> {
    let name = String::from_utf8(row.output.clone()?).ok()?;
    Some(format!("/api/v1/test/things/{name}"))
}

fn endpoints() -> prosopa_http::Endpoints<State> {
    job_endpoints(job_routes!("/api/v1/test/jobs", Scope::FacesRead, Scope::FacesWrite, href))
}

struct Service {
    world: World,
    process: Process,
    router: Router,
}

impl Service {
    async fn start() -> Self {
        let world = World::new().await;
        let process = world.process();
        let router = endpoints().into_router(State(process.jobs.clone()));
        Self { world, process, router }
    }

    async fn call(&self, account: AccountId, method: Method, path: &str) -> Received {
        let mut request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(principal_of(account));
        send(&self.router, request).await
    }

    async fn get(&self, path: &str) -> Received {
        self.call(self.world.account, Method::GET, path).await
    }

    async fn post(&self, path: &str) -> Received {
        self.call(self.world.account, Method::POST, path).await
    }

    async fn enqueue(&self) -> String {
        self.world.enqueue(&self.process.jobs).await.to_string()
    }

    /// The ids of a page, and where the next one begins.
    async fn page(&self, query: &str) -> (Vec<String>, Option<String>) {
        let page = self.get(&format!("{LIST}?{query}")).await.json();
        let items = page["items"].as_array().unwrap().iter();
        let ids = items.map(|item| item["id"].as_str().unwrap().to_owned()).collect();
        (ids, page["next_cursor"].as_str().map(str::to_owned))
    }
}

/// K6: a job id at once, its state and result by asking.
#[tokio::test]
async fn a_job_is_shown_with_its_steps_and_result() {
    let service = Service::start().await;
    let id = service.enqueue().await;
    let queued = service.get(&format!("{LIST}/{id}")).await;
    assert_eq!(queued.status, 200);
    let shown = queued.json();
    assert_eq!(shown["id"], id);
    assert_eq!([&shown["status"], &shown["phase"], &shown["class"]], ["queued", "queued", "normal"]);
    assert_eq!(shown["steps"], serde_json::json!([]));
    assert!(shown["started_at"].is_null() && shown.get("result_href").is_none());
    let working = handler(|ctx| {
        Box::pin(async {
            ctx.step("only", [0xab; 32], 1, || async { Ok(b"x".to_vec().into()) }).await?;
            ctx.progress(1, 1).await?;
            Ok(Outcome::Completed(Some(b"t1".to_vec())))
        })
    });
    service.process.worker(working).run_pending().await.unwrap();
    let shown = service.get(&format!("{LIST}/{id}")).await.json();
    assert_eq!([&shown["status"], &shown["result_href"]], ["completed", "/api/v1/test/things/t1"]);
    assert_eq!(shown["progress"], serde_json::json!({ "done": 1, "total": 1 }));
    assert_eq!(shown["steps"][0]["name"], "only");
    assert_eq!(shown["steps"][0]["input_digest"], "ab".repeat(32));
    // SHA-256 of "x".
    let expected = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    assert_eq!(shown["steps"][0]["output_digest"], expected);
}

/// F5: a failed job says why in the words of problem documents.
#[tokio::test]
async fn a_failed_job_says_why() {
    let service = Service::start().await;
    let id = service.enqueue().await;
    let failing = ends_with(Outcome::failed(Code::ImageEmpty, "the picture is empty"));
    service.process.worker(failing).run_pending().await.unwrap();
    let shown = service.get(&format!("{LIST}/{id}")).await.json();
    assert_eq!([&shown["status"], &shown["remark"]], ["failed", "the picture is empty"]);
    assert_eq!(shown["problem"]["code"], "image-empty");
    assert_eq!(shown["problem"]["type"], "/api/docs/errors/image-empty");
}

/// F10: cancel and retry over HTTP; both may be repeated.
#[tokio::test]
async fn a_job_is_cancelled_and_retried() {
    let service = Service::start().await;
    let id = service.enqueue().await;
    for (verb, status) in
        [("cancel", "cancelled"), ("cancel", "cancelled"), ("retry", "queued"), ("retry", "queued")]
    {
        let answer = service.post(&format!("{LIST}/{id}/{verb}")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["status"], status, "{verb}");
    }
}

/// F10: what is somebody else's answers like what does not exist; so does the service's own.
#[tokio::test]
async fn foreign_jobs_are_absent() {
    let service = Service::start().await;
    let id = service.enqueue().await;
    let absent = prosopa_model::JobId::new().to_string();
    for id in [id.as_str(), absent.as_str(), "job_x", "det_01h455vb4pex5vsknk084sn02q"] {
        for (method, verb) in [(Method::GET, ""), (Method::POST, "/cancel"), (Method::POST, "/retry")] {
            let answer = service.call(AccountId::new(), method, &format!("{LIST}/{id}{verb}")).await;
            assert_eq!(answer.refusal(), (404, "not-found".into()), "{id}{verb}");
        }
    }
    let own = {
        let mut tx = service.world.database.begin().await.unwrap();
        let row = service.process.jobs.enqueue(&mut tx, NewJob::new("work", Vec::new())).await.unwrap();
        tx.commit().await.unwrap();
        row.id
    };
    assert_eq!(service.get(&format!("{LIST}/{own}")).await.status, 404);
    let page = service.call(AccountId::new(), Method::GET, LIST).await.json();
    assert_eq!(page["items"], serde_json::json!([]));
}

/// F6: all of one's own, newest first, page by page, by status and between two times.
#[tokio::test]
async fn lists_are_paged_and_filtered() {
    let service = Service::start().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(service.enqueue().await);
        service.world.clock.advance(Duration::from_secs(3_600));
    }
    made.reverse();
    let (first, cursor) = service.page("limit=2").await;
    let (second, cursor) = service.page(&format!("limit=2&cursor={}", cursor.unwrap())).await;
    let (third, cursor) = service.page(&format!("limit=2&cursor={}", cursor.unwrap())).await;
    assert_eq!([first, second, third].concat(), made);
    assert_eq!(cursor, None);

    service.post(&format!("{LIST}/{}/cancel", made[1])).await;
    assert_eq!(service.page("status=cancelled").await.0, made[1..2]);
    assert_eq!(service.page("status=queued").await.0.len(), 4);
    let between = "start_date=2026-01-31T13:00:00Z&end_date=2026-01-31T15:00:00Z";
    assert_eq!(service.page(between).await.0, made[2..4]);
    for (query, pointer) in [("status=done", "?status"), ("limit=0", "?limit"), ("page=1", "?page")] {
        let answer = service.get(&format!("{LIST}?{query}")).await;
        assert_eq!(answer.refusal(), (422, "validation-failed".into()), "{query}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer);
    }
}

/// F13: the operations are declared with their scopes.
#[test]
fn operations_are_declared() {
    let declared: Vec<_> = endpoints()
        .into_operations()
        .into_iter()
        .map(|operation| (operation.id, operation.method, operation.path, operation.access))
        .collect();
    let (read, write) =
        (prosopa_http::Access::Scope(Scope::FacesRead), prosopa_http::Access::Scope(Scope::FacesWrite));
    assert_eq!(
        declared,
        [
            ("list_jobs", Method::GET, "/api/v1/test/jobs", read),
            ("get_job", Method::GET, "/api/v1/test/jobs/{id}", read),
            ("cancel_job", Method::POST, "/api/v1/test/jobs/{id}/cancel", write),
            ("retry_job", Method::POST, "/api/v1/test/jobs/{id}/retry", write),
        ]
    );
}
