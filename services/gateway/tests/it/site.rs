//! Files of the web application.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    time::{Duration, SystemTime},
};

use http::{Method, StatusCode};
use prosopa_gateway::{Config, Rate};
use tempfile::TempDir;

use crate::harness::{Answer, Call, Gateway, fast};

const SCRIPT: &str = "/assets/app-D4x7Yz_1.js";

struct World {
    folder: TempDir,
    gateway: Gateway,
}

impl World {
    /// An application of a page, a script that lies packed too, and a picture.
    async fn start(config: Config) -> Self {
        let folder = TempDir::new().unwrap();
        let root = folder.path().join("site");
        fs::create_dir_all(root.join("assets")).unwrap();
        fs::create_dir_all(root.join(".git")).unwrap();
        for (name, content) in [
            ("site/index.html", "<!doctype html><title>Prosopa</title>".to_owned()),
            ("site/assets/app-D4x7Yz_1.js", "let answer = 42;\n".repeat(200)),
            ("site/assets/app-D4x7Yz_1.js.br", "brotli".to_owned()),
            ("site/assets/app-D4x7Yz_1.js.gz", "gzip".to_owned()),
            ("site/assets/app-D4x7Yz_1.js.zst", "zstd".to_owned()),
            ("site/robots.txt", "User-agent: *\n".to_owned()),
            ("site/.env", "SECRET=1".to_owned()),
            ("site/.git/config", "SECRET=1".to_owned()),
            ("outside.txt", "SECRET=1".to_owned()),
        ] {
            fs::write(folder.path().join(name), content).unwrap();
        }
        let gateway = Gateway::start(Config { static_dir: Some(root), ..config }).await;
        Self { folder, gateway }
    }

    async fn get(&self, path: &str, headers: &[(&'static str, &str)]) -> Answer {
        let call = headers.iter().fold(Call::get(path), |call, (name, value)| call.header(name, value));
        self.gateway.send(call).await
    }
}

/// R3: pages are asked about each time, what has its digest in its name is kept for good.
#[tokio::test]
async fn files_are_served_with_what_browsers_need() {
    let world = World::start(fast()).await;
    let page = world.get("/", &[]).await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
    assert_eq!(page.body, b"<!doctype html><title>Prosopa</title>");
    assert_eq!(page.header("cache-control"), "no-cache");
    assert_eq!(page.header("ratelimit-policy"), "(absent)");
    let script = world.get(SCRIPT, &[]).await;
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!((script.header("vary"), script.body.len()), ("accept-encoding", 3_400));
    let text = world.get("/robots.txt", &[]).await;
    assert_eq!((text.header("cache-control"), text.header("vary")), ("no-cache", "(absent)"));
    for path in ["/api/docs/index.html", "/.well-known/thing.json"] {
        assert_eq!(
            world.get(path, &[]).await.status,
            StatusCode::OK,
            "{path}: operations stay where they are"
        );
    }
}

/// What lies packed beside a file is sent as it lies there, each under a tag of its own; what does not is packed on the way,
/// under a weak tag.
#[tokio::test]
async fn packed_files_are_sent_to_who_can_unpack_them() {
    let world = World::start(fast()).await;
    let mut tags = vec![world.get(SCRIPT, &[]).await.header("etag").to_owned()];
    for (accepted, encoding, body) in [
        ("br", "br", "brotli"),
        ("gzip", "gzip", "gzip"),
        ("zstd", "zstd", "zstd"),
        ("gzip, br", "br", "brotli"),
    ] {
        let answer = world.get(SCRIPT, &[("accept-encoding", accepted)]).await;
        assert_eq!(answer.header("content-encoding"), encoding);
        assert_eq!(answer.body, body.as_bytes());
        assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
        tags.push(answer.header("etag").to_owned());
    }
    tags.pop();
    assert!(tags.iter().all(|tag| tag.starts_with('"') && tag.ends_with('"')), "{tags:?}");
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 4, "{tags:?}");
    let root = world.folder.path().join("site");
    fs::write(root.join("big.css"), "a { color: red }\n".repeat(200)).unwrap();
    let style = world.get("/big.css", &[("accept-encoding", "gzip")]).await;
    assert_eq!(style.header("content-encoding"), "gzip");
    assert!(style.body.len() < 400 && style.header("etag").starts_with("W/\""), "{}", style.header("etag"));
    let again =
        world.get("/big.css", &[("accept-encoding", "gzip"), ("if-none-match", style.header("etag"))]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}

/// What a browser has already is not sent again; after a change it is.
#[tokio::test]
async fn unchanged_files_are_not_sent_again() {
    let world = World::start(fast()).await;
    let first = world.get("/", &[]).await;
    let (tag, time) = (first.header("etag"), first.header("last-modified"));
    let other = format!("\"x\", W/{tag}");
    for headers in [
        &[("if-none-match", tag)][..],
        &[("if-none-match", "*")],
        &[("if-none-match", &other)],
        &[("if-modified-since", time)],
    ] {
        let answer = world.get("/", headers).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::NOT_MODIFIED, 0), "{headers:?}");
        assert_eq!((answer.header("etag"), answer.header("cache-control")), (tag, "no-cache"));
    }
    let stale = world.get("/", &[("if-none-match", "\"x\""), ("if-modified-since", time)]).await;
    assert_eq!(stale.status, StatusCode::OK, "the tag is more exact than the time");
    let packed = world.get(SCRIPT, &[("accept-encoding", "br")]).await;
    let plain = world.get(SCRIPT, &[("if-none-match", packed.header("etag"))]).await;
    assert_eq!(plain.status, StatusCode::OK, "what is packed is not what is not");
    let page = world.folder.path().join("site/index.html");
    fs::write(&page, "<!doctype html><title>Changed</title>").unwrap();
    // Of the same length: only the time tells.
    let changed_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    File::options().write(true).open(&page).unwrap().set_modified(changed_at).unwrap();
    let changed = world.get("/", &[("if-none-match", tag)]).await;
    assert_eq!((changed.status, changed.header("content-length")), (StatusCode::OK, "37"));
}

/// A part of a file, if it is still the one of which the client has the rest.
#[tokio::test]
async fn parts_of_files_are_served() {
    let world = World::start(fast()).await;
    let part = world.get(SCRIPT, &[("range", "bytes=4-9")]).await;
    assert_eq!((part.status, part.header("content-range")), (StatusCode::PARTIAL_CONTENT, "bytes 4-9/3400"));
    assert_eq!(part.body, b"answer");
    let tag = part.header("etag");
    let current = world.get(SCRIPT, &[("range", "bytes=4-9"), ("if-range", tag)]).await;
    assert_eq!((current.status, &*current.body), (StatusCode::PARTIAL_CONTENT, &b"answer"[..]));
    for headers in [
        [("range", "bytes=4-9"), ("if-range", "\"x\"")],
        [("range", "bytes=0-1,4-9"), ("if-range", tag)],
        [("if-range", tag), ("accept", "*/*")],
    ] {
        let answer = world.get(SCRIPT, &headers).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 3_400), "{headers:?}");
    }
    let beyond = world.get(SCRIPT, &[("range", "bytes=4000-")]).await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
}

#[tokio::test]
async fn files_are_only_read() {
    let world = World::start(fast()).await;
    let head = world.gateway.send(Call::new(Method::HEAD, SCRIPT)).await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (StatusCode::OK, "3400", 0));
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let refused = world.gateway.send(Call::new(method, SCRIPT)).await;
        refused.expect_problem(405, "method-not-allowed");
        assert_eq!(refused.header("allow"), "GET, HEAD");
    }
}

/// A browser that goes to an address of the application gets its start page; whatever else is missing is missing, and the
/// API answers for itself.
#[tokio::test]
async fn navigations_lead_to_the_start_page() {
    let world = World::start(fast()).await;
    let browser = ("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
    for path in ["/users", "/users/7/", "/search/hello%20world", "/assets"] {
        let page = world.get(path, &[browser]).await;
        assert_eq!((page.status, page.header("cache-control")), (StatusCode::OK, "no-cache"), "{path}");
        assert_eq!(page.body, b"<!doctype html><title>Prosopa</title>", "{path}");
        world.get(path, &[("accept", "application/json")]).await.expect_problem(404, "not-found");
        world.get(path, &[]).await.expect_problem(404, "not-found");
    }
    for path in ["/missing.js", "/api", "/api/", "/api/v1/nothing", "/api/docs/x.js"] {
        world.get(path, &[browser]).await.expect_problem(404, "not-found");
    }
}

/// Nothing hidden, nothing outside, no list of what there is; not by links either.
#[tokio::test]
async fn nothing_else_is_served() {
    let world = World::start(fast()).await;
    let root = world.folder.path().join("site");
    symlink(world.folder.path().join("outside.txt"), root.join("leak.txt")).unwrap();
    symlink(world.folder.path(), root.join("up")).unwrap();
    symlink(root.join(".env"), root.join("env.txt")).unwrap();
    symlink(world.folder.path().join("outside.txt"), root.join("robots.txt.br")).unwrap();
    symlink(root.join("robots.txt"), root.join("same.txt")).unwrap();
    for path in [
        "/.env",
        "/.git/config",
        "/leak.txt",
        "/up/outside.txt",
        "/env.txt",
        "/../outside.txt",
        "/assets/../../outside.txt",
        "/%2e%2e/outside.txt",
        "/%2e%2e%2foutside.txt",
        "/..%2foutside.txt",
        "/%252e%252e%252foutside.txt",
        "/..%5coutside.txt",
        "/assets/..%c0%af..%c0%afoutside.txt",
        "//outside.txt",
        "/./robots.txt",
        "/robots.txt/",
        "/robots.txt%00.html",
        "/robots%2etxt",
        "/.%2e/outside.txt",
        "/assets/",
        "/assets",
    ] {
        let answer = world.get(path, &[]).await;
        answer.expect_problem(404, "not-found");
        let navigation = world.get(path, &[("accept", "text/html")]).await;
        assert!(!navigation.body.windows(6).any(|part| part == b"SECRET"), "{path}");
    }
    let robots = world.get("/robots.txt", &[("accept-encoding", "br")]).await;
    assert_eq!(robots.body, b"User-agent: *\n", "what is packed may not come from elsewhere");
    assert_eq!(world.get("/same.txt", &[]).await.body, b"User-agent: *\n", "links within lead on");
}

/// The folder is another one from one request to the next, and none is refused at the start only.
#[tokio::test]
async fn the_folder_may_be_changed() {
    let world = World::start(fast()).await;
    let root = world.folder.path().join("site");
    fs::write(root.join("later.txt"), "later").unwrap();
    assert_eq!(world.get("/later.txt", &[]).await.body, b"later");
    fs::rename(&root, world.folder.path().join("old")).unwrap();
    world.get("/", &[]).await.expect_problem(404, "not-found");
    let next = world.folder.path().join("next");
    fs::create_dir(&next).unwrap();
    fs::write(next.join("index.html"), "next").unwrap();
    symlink(&next, &root).unwrap();
    assert_eq!(world.get("/", &[]).await.body, b"next");
}

/// F7: a page of many files loads, and still nobody asks without end.
#[tokio::test]
async fn files_have_a_rate_of_their_own() {
    let slow = Rate { requests_per_second: 1, burst: 2 };
    let few = Rate { requests_per_second: 10, burst: 61 };
    let world = World::start(Config { address_rate: slow, static_rate: few, ..fast() }).await;
    for _ in 0..61 {
        assert_eq!(world.get(SCRIPT, &[]).await.status, StatusCode::OK);
    }
    let refused = world.get(SCRIPT, &[]).await;
    assert_eq!(refused.expect_problem(429, "rate-limited")["retry_after_ms"], 100);
    assert_eq!(refused.header("ratelimit-policy"), "\"burst\";q=61;w=7");
    world.get("/api/v1/nothing", &[]).await.expect_problem(404, "not-found");
}
