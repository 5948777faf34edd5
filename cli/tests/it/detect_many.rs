//! `detect` with several pictures.

use std::io::{BufRead as _, BufReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::sync::{Barrier, Notify};

use crate::binary::{Home, finish};
use crate::fake::{Fake, Reply};
use crate::pictures::{created, jpeg, png, undecodable};

const DETECT: &str = "POST /faces/detections";

/// A server that numbers its results, finds as many faces, and refuses what is no picture.
fn numbering() -> Fake {
    let fake = Fake::start();
    let number = AtomicU32::new(0);
    fake.handle(DETECT, move |request| {
        let is_picture = request.header("content-type").starts_with("image/");
        let reply =
            if is_picture { created(number.fetch_add(1, Ordering::Relaxed) + 1, 1) } else { undecodable() };
        async move { reply }
    });
    fake
}

fn files(values: &[Value]) -> Vec<&str> {
    values.iter().map(|value| value["file"].as_str().unwrap()).collect()
}

/// F8: a folder is walked to its depths for pictures, by their endings; earlier drawings are passed over.
#[test]
fn folder_is_walked() {
    let fake = numbering();
    let home = Home::signed_in(&fake, "a", "r");
    for name in [
        "p/b.jpg",
        "p/sub/deep/a.PNG",
        "p/sub/c.jpeg",
        "p/note.txt",
        "p/b.annotated.jpg",
        "p/._b.jpg",
        "p/.x/d.jpg",
    ] {
        home.write(name, jpeg(9, 9));
    }
    std::os::unix::fs::symlink(home.path().join("p"), home.path().join("p/sub/loop")).unwrap();
    let run = home.run(&fake, &["detect", "p", "-o", "json"]).expect_code(0);
    assert_eq!(files(run.json().as_array().unwrap()), ["p/b.jpg", "p/sub/c.jpeg", "p/sub/deep/a.PNG"]);
    assert!(run.stderr.contains("3 faces in 3 pictures"), "{}", run.stderr);
}

/// F8: a pattern that no shell expanded is expanded here; rows are sorted as a table.
#[test]
fn pattern_is_expanded() {
    let fake = numbering();
    let home = Home::signed_in(&fake, "a", "r");
    for name in ["b/2.jpg", "a/1.jpg", "a/x/3.jpg", "a/1.png"] {
        home.write(name, jpeg(9, 9));
    }
    let run = home.run(&fake, &["detect", "**/*.jpg", "-j", "3"]).expect_code(0);
    let order: Vec<_> =
        run.stdout.lines().filter_map(|line| line.split_whitespace().next()).skip(2).collect();
    assert_eq!(order, ["a/1.jpg", "a/x/3.jpg", "b/2.jpg"], "{}", run.stdout);
    let run = home.run(&fake, &["detect", "*.webp"]).expect_code(1);
    assert!(run.stderr.contains("no file matches this pattern"), "{}", run.stderr);
}

/// F8: what is missing or refused is reported, the others go on, and the exit code tells that some failed.
#[test]
fn one_bad_picture_does_not_keep_the_others() {
    let fake = numbering();
    let home = Home::signed_in(&fake, "a", "r");
    home.write("1.jpg", jpeg(9, 9));
    home.write("2.jpg", b"no picture");
    home.write("4.jpg", png(9, 9));
    let run = home.run(&fake, &["detect", "1.jpg", "2.jpg", "3.jpg", "4.jpg", "-o", "ndjson"]).expect_code(7);
    let mut lines = run.ndjson();
    lines.sort_by_key(|line| line["file"].as_str().unwrap().to_owned());
    assert_eq!(files(&lines), ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]);
    assert_eq!(
        (&lines[1]["error"]["code"], &lines[1]["error"]["request_id"]),
        (&json!("image-undecodable"), &json!("req-1"))
    );
    assert!(lines[2]["error"]["message"].as_str().unwrap().contains("no such file"));
    assert!(lines[0]["id"].is_string() && lines[0].get("error").is_none() && lines[1].get("id").is_none());
    for part in ["2.jpg: The picture cannot be decoded", "3.jpg: there is no such file", "2 of 4 failed"] {
        assert!(run.stderr.contains(part), "{part}:\n{}", run.stderr);
    }
    let run = home.run(&fake, &["detect", "1.jpg", "2.jpg"]).expect_code(7);
    assert!(run.stdout.contains("failed: image-undecodable"), "{}", run.stdout);
}

/// F8: when all failed for one reason, the exit code is that reason's.
#[test]
fn all_bad_pictures_end_with_their_own_code() {
    let fake = numbering();
    let home = Home::signed_in(&fake, "a", "r");
    home.write("1.jpg", b"no picture");
    home.write("2.jpg", b"no picture");
    home.run(&fake, &["detect", "1.jpg", "2.jpg"]).expect_code(4);
}

/// F8: as many pictures are under way as asked for, and no more.
#[test]
fn parallelism_is_what_was_asked_for() {
    let fake = Fake::start();
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (barrier, seen) = (Arc::new(Barrier::new(3)), Arc::clone(&most));
    fake.handle(DETECT, move |_| {
        let (inside, most, barrier) = (Arc::clone(&inside), Arc::clone(&most), Arc::clone(&barrier));
        async move {
            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // Fewer than three at a time would wait here for ever.
            barrier.wait().await;
            inside.fetch_sub(1, Ordering::SeqCst);
            created(1, 0)
        }
    });
    let home = Home::signed_in(&fake, "a", "r");
    for number in 0..9 {
        home.write(&format!("p/{number}.jpg"), jpeg(9, 9));
    }
    home.run(&fake, &["detect", "p", "-j", "3", "--timeout-s", "20"]).expect_code(0);
    assert_eq!((fake.request_count(), seen.load(Ordering::SeqCst)), (9, 3));
}

/// F8: lines of NDJSON come as soon as they are known; JSON and tables are in the order of the arguments.
#[test]
fn ndjson_comes_in_order_of_completion() {
    let fake = Fake::start();
    let release = Arc::new(Notify::new());
    let released = Arc::clone(&release);
    fake.handle(DETECT, move |request| {
        let released = Arc::clone(&released);
        async move {
            if request.header("content-type") == "image/jpeg" {
                released.notified().await;
            }
            created(1, 0)
        }
    });
    let home = Home::signed_in(&fake, "a", "r");
    home.write("1.jpg", jpeg(9, 9));
    home.write("2.png", png(9, 9));
    let mut command = home.command(["detect", "1.jpg", "2.png", "-j", "2", "-o", "ndjson"]);
    let mut child = command.env("PROSOPA_SERVER", &fake.url).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next_file =
        || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap()["file"].clone();
    assert_eq!(next_file(), "2.png");
    release.notify_one();
    assert_eq!(next_file(), "1.jpg");
    finish(child).expect_code(0);

    release.notify_one();
    let run = home.run(&fake, &["detect", "1.jpg", "2.png", "-j", "2", "-o", "json"]).expect_code(0);
    assert_eq!(files(run.json().as_array().unwrap()), ["1.jpg", "2.png"]);
}

/// F5: a used-up quota ends the run at once, with its own code, the reset and how many were not sent.
#[test]
fn quota_ends_the_run_at_once() {
    let fake = Fake::start();
    let more = json!({ "window": "day", "limit": 100, "resets_at": "2099-01-01T00:00:00Z" });
    let refusal =
        Reply::problem(429, "quota-exceeded", "The quota is used up", more).header("retry-after", "5000");
    fake.on(DETECT, [created(1, 1), refusal]);
    let home = Home::signed_in(&fake, "a", "r");
    for number in 0..6 {
        home.write(&format!("p/{number}.jpg"), jpeg(9, 9));
    }
    let run = home.run(&fake, &["detect", "p", "-j", "1", "-o", "ndjson"]).expect_code(5);
    assert_eq!(fake.request_count(), 2);
    assert_eq!(run.ndjson().len(), 2);
    for part in ["The quota is used up", "100 requests a day", "2099-01-01 00:00:00 UTC", "4 not sent"] {
        assert!(run.stderr.contains(part), "{part}:\n{}", run.stderr);
    }
    assert_eq!(run.stderr.matches("The quota is used up").count(), 1, "{}", run.stderr);
}

/// F8: pictures of one name in several folders are all drawn, each to a file of its own.
#[test]
fn annotated_names_do_not_collide() {
    let fake = numbering();
    let home = Home::signed_in(&fake, "a", "r");
    for name in ["p/a/x.jpg", "p/b/x.jpg", "p/b/y.jpg"] {
        home.write(name, jpeg(200, 100));
    }
    let run = home.run(&fake, &["detect", "p", "--save-annotated", "out", "-o", "json"]).expect_code(0);
    let run = run.json();
    let paths: Vec<_> =
        run.as_array().unwrap().iter().map(|row| row["annotated"].as_str().unwrap()).collect();
    assert_eq!(paths, ["out/x.annotated.jpg", "out/x-2.annotated.jpg", "out/y.annotated.jpg"]);
    assert!(paths.iter().all(|path| home.path().join(path).is_file()));
}

/// F8: progress as lines and as JSON on stderr; stdout is the same as without.
#[test]
fn progress_is_told_on_stderr() {
    let fake = numbering();
    let home = Home::signed_in(&fake, "a", "r");
    home.write("p/1.jpg", jpeg(9, 9));
    home.write("p/2.jpg", b"no picture");
    let run = home.run(&fake, &["detect", "p", "-j", "1", "--progress", "plain"]).expect_code(7);
    assert!(run.stderr.contains("[1/2] p/1.jpg: 1 face\n"), "{}", run.stderr);
    assert!(run.stderr.contains("[2/2] p/2.jpg: failed (image-undecodable)\n"), "{}", run.stderr);
    let run = home.run(&fake, &["detect", "p", "-j", "1", "--progress", "json"]).expect_code(7);
    let events: Vec<Value> = run.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["progress", "progress", "error", "note", "error"]);
    assert_eq!(
        (&events[0]["done"], &events[0]["total"], &events[0]["face_count"]),
        (&json!(1), &json!(2), &json!(1))
    );
}
