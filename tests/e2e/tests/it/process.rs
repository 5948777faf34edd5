use std::{os::unix::fs::PermissionsExt, time::Instant};

use prosopa_harness::{Product, binary, photo};
use tokio::process::Command;

/// R5: the administrator is made once, with a password that only its file tells.
#[tokio::test]
async fn the_administrator_is_made_once() {
    let product = Product::start().await;
    let file = product.data_dir().join("administrator-password");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let password = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    let login = serde_json::json!({ "user_name": "administrator", "password": password });
    let login_answer = product.stranger().post("/api/v1/auth/login", &login).await;
    assert_eq!(login_answer.status, 200);
    let administrator = product.stranger().with_token(&login_answer.text("/access_token"));
    assert_eq!(administrator.get("/api/v1/users/me").await.text("/role"), "administrator");
    let folder = product.folder();
    let (status, output, errors) = product.stop().await;
    assert!(status.success());
    // Neither goes to a terminal here.
    assert!(!output.contains(&password) && !errors.contains(&password));

    let product = Product::start_again(folder).await;
    assert_eq!(product.stranger().post("/api/v1/auth/login", &login).await.status, 200);
    assert_eq!(std::fs::read_to_string(&file).unwrap().trim(), password);
}

/// N10: a second start keeps all data.
#[tokio::test]
async fn a_second_start_keeps_all_data() {
    let product = Product::start().await;
    let user = product.user().await;
    let made = user.detect(photo(), "image/png").await;
    let key = user.post("/api/v1/auth/api-keys", &serde_json::json!({ "name": "k" })).await.text("/key");
    let folder = product.folder();
    let (status, _, errors) = product.stop().await;
    assert!(status.success());
    assert!(!errors.contains("WARN") && !errors.contains("ERROR"), "{errors}");

    let began = Instant::now();
    let product = Product::start_again(folder).await;
    assert_eq!(product.ask_admin("/readyz").await.status, 200);
    // For the log; the figure is kept by the benchmarks.
    eprintln!("second start: {:?}", began.elapsed());
    let path = format!("/api/v1/faces/detections/{}", made.text("/id"));
    // The old session and the key both still work.
    let user = product.stranger().with_token(user.token.as_deref().unwrap());
    assert_eq!(user.get(&path).await.json()["faces"], made.json()["faces"]);
    assert_eq!(product.stranger().with_token(&key).get(&path).await.status, 200);
}

/// N10: requests in hand are answered when the end is asked for, and the end is clean.
#[tokio::test]
async fn an_orderly_end_answers_what_is_in_hand() {
    let product = Product::start().await;
    let user = product.user().await;
    // Large enough to keep the engine busy for a while.
    let picture = image::load_from_memory(&photo()).unwrap();
    let picture = picture.resize_exact(2048, 2048, image::imageops::FilterType::Triangle);
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let picture = bytes.into_inner();
    let requests: Vec<_> = (0..4)
        .map(|_| {
            let user = user.clone();
            let picture = picture.clone();
            tokio::spawn(async move {
                let path = "/api/v1/faces/detections?min_face_px=12";
                let request = user.request(reqwest::Method::POST, path).header("content-type", "image/png");
                user.send(request.body(picture)).await.status
            })
        })
        .collect();
    while product.ask_admin("/metrics").await.count("prosopa_gateway_requests_in_flight") < 4 {
        assert!(
            !requests.iter().any(tokio::task::JoinHandle::is_finished),
            "the machine is too fast for this test"
        );
    }
    let (status, _, errors) = product.stop().await;
    assert!(status.success(), "{errors}");
    for request in requests {
        assert_eq!(request.await.unwrap(), 201);
    }
}

/// Two processes on one folder would each count half of the quota.
#[tokio::test]
async fn a_folder_in_use_is_refused() {
    let product = Product::start().await;
    let mut second = Product::command(&product.data_dir());
    let second = second.env_remove("PROSOPA_DATABASE__URL").output().await.unwrap();
    assert!(!second.status.success());
    let message = String::from_utf8(second.stderr).unwrap();
    assert!(message.contains("is used by another prosopa"), "{message}");
}

/// F1: what is wrong with the settings is said before anything starts.
#[tokio::test]
async fn wrong_settings_are_named() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    for (name, value, expected) in [
        ("PROSOPA_GATEWAY__PLAN__REQUESTS_PER_DAI", "5", "requests_per_dai"),
        ("PROSOPA_GATEWAY__PLAN__REQUESTS_PER_DAY", "many", "requests_per_day"),
        ("PROSOPA_DETECTION__MIN_FACE_PX_DEFAULT", "3", "min_face_px_default"),
    ] {
        let output = Product::command(&folder).env(name, value).output().await.unwrap();
        assert!(!output.status.success(), "{name}");
        let message = String::from_utf8(output.stderr).unwrap().to_lowercase();
        assert!(message.contains(expected), "{name}: {message}");
    }
    let mut missing = Command::new(binary());
    missing.args(["up", "--model-pack", "/nowhere", "--data-dir"]).arg(&folder);
    let missing = missing.output().await.unwrap();
    let message = String::from_utf8(missing.stderr).unwrap();
    assert!(message.contains("/nowhere") && message.contains("make models"), "{message}");
}

/// R5: the administrator's password can be replaced while the product does not run.
#[tokio::test]
async fn the_administrators_password_can_be_reset() {
    let product = Product::start().await;
    let (data, folder) = (product.data_dir(), product.folder());
    let running = Command::new(binary()).args(["admin", "reset-password", "--data-dir"]).arg(&data).output();
    assert!(!running.await.unwrap().status.success());
    let old = std::fs::read_to_string(data.join("administrator-password")).unwrap();
    product.stop().await;
    let mut reset = Command::new(binary());
    reset.args(["admin", "reset-password", "--data-dir"]).arg(&data);
    reset.envs(Product::database_url(&data).map(|url| ("PROSOPA_DATABASE__URL", url)));
    let reset = reset.output().await.unwrap();
    assert!(reset.status.success(), "{}", String::from_utf8_lossy(&reset.stderr));
    let new = std::fs::read_to_string(data.join("administrator-password")).unwrap();
    assert_ne!(old, new);
    let product = Product::start_again(folder).await;
    for (password, status) in [(old, 401), (new, 200)] {
        let login = serde_json::json!({ "user_name": "administrator", "password": password.trim() });
        assert_eq!(product.stranger().post("/api/v1/auth/login", &login).await.status, status);
    }
}
