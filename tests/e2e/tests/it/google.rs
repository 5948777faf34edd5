//! A1: sign-in with a real `OpenID` provider, the npm package `oidc-provider`, behind a name that is served over TLS.

use std::{collections::BTreeMap, path::Path, process::Stdio};

use prosopa_harness::{Answer, PASSWORD, Product};
use reqwest::{
    Client, Url,
    header::{COOKIE, HOST, HeaderMap, LOCATION, SET_COOKIE},
    redirect::Policy,
};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// Where people reach the product, through something that does TLS in front of it.
const SITE: &str = "app.example.org";
const SITE_URL: &str = "https://app.example.org";
const CALLBACK: &str = "https://app.example.org/api/v1/auth/oidc/google/callback";
const START: &str = "/api/v1/auth/oidc/google/start?return_to=/dashboard";
const CLIENT_SECRET: &str = "shared: by 2 parties, 100%";

/// A provider, and a product that knows it as `google`.
struct World {
    product: Product,
    issuer: String,
    _provider: Child,
    /// Kept open, since it ends when nobody can hear it.
    _said: Lines<BufReader<ChildStdout>>,
    _folder: TempDir,
}

impl World {
    async fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../oidc");
        let is_installed = folder.join("node_modules/oidc-provider").exists();
        assert!(is_installed, "no packages in tests/oidc: run `scripts/test-packages.sh`");
        let mut command = Command::new("node");
        command.arg("server.mjs").current_dir(folder).kill_on_drop(true);
        command.env("REDIRECT_URI", CALLBACK).env("CLIENT_SECRET", CLIENT_SECRET);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut provider = command.spawn().expect("node starts: install Node 18 or newer");
        let mut lines = BufReader::new(provider.stdout.take().unwrap()).lines();
        let issuer = lines.next_line().await.unwrap().expect("the provider says where it listens");
        let folder = TempDir::new().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, CLIENT_SECRET).unwrap();
        let product = Product::start_with(&[
            ("PROSOPA_AUTH__OIDC__GOOGLE__ISSUER", &issuer),
            ("PROSOPA_AUTH__OIDC__GOOGLE__CLIENT_ID", "prosopa"),
            ("PROSOPA_AUTH__OIDC__GOOGLE__CLIENT_SECRET_FILE", secret.to_str().unwrap()),
            ("PROSOPA_AUTH__OIDC__GOOGLE__PUBLIC_URL", SITE_URL),
        ])
        .await;
        Self { product, issuer, _provider: provider, _said: lines, _folder: folder }
    }
}

/// A browser with a jar for the product and one for the provider.
struct Browser<'a> {
    world: &'a World,
    http: Client,
    here: BTreeMap<String, String>,
    there: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    fn of(world: &'a World) -> Self {
        let http = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self { world, http, here: BTreeMap::new(), there: BTreeMap::new() }
    }

    /// Asks the product by the name that people know.
    async fn visit(&mut self, path: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.world.product.url())).header(HOST, SITE);
        let response = request.header(COOKIE, to_header(&self.here)).send().await.unwrap();
        keep(&mut self.here, response.headers());
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    /// Begins to sign in; gives the provider's page that it leads to.
    async fn begin(&mut self) -> Url {
        let begun = self.visit(START).await;
        assert_eq!(begun.status, 303, "{}", begun.json());
        begun.headers[LOCATION].to_str().unwrap().parse().unwrap()
    }

    /// Lets the provider ask the person; gives the path that it sends back to.
    async fn ask(&mut self, person: &str, page: Url) -> String {
        let is = format!("{}/as?person={person}", self.world.issuer);
        assert_eq!(self.http.get(is).send().await.unwrap().status(), 200);
        let mut page = page;
        for _ in 0..10 {
            let request = self.http.get(page.clone()).header(COOKIE, to_header(&self.there));
            let response = request.send().await.unwrap();
            keep(&mut self.there, response.headers());
            assert!(response.status().is_redirection(), "{page}: {:?}", response.text().await);
            page = page.join(response.headers()[LOCATION].to_str().unwrap()).unwrap();
            if let Some(path) = page.as_str().strip_prefix(SITE_URL) {
                return path.to_owned();
            }
        }
        panic!("the provider leads around in circles");
    }

    async fn sign_in(&mut self, person: &str) -> Answer {
        let page = self.begin().await;
        let back = self.ask(person, page).await;
        self.visit(&back).await
    }
}

fn to_header(jar: &BTreeMap<String, String>) -> String {
    jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

fn keep(jar: &mut BTreeMap<String, String>, headers: &HeaderMap) {
    for set in headers.get_all(SET_COOKIE) {
        let (pair, _) = set.to_str().unwrap().split_once(';').unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        match value {
            "" => _ = jar.remove(name),
            value => _ = jar.insert(name.to_owned(), value.to_owned()),
        }
    }
}

/// A1, R8: a person signs in with the provider, is known again, and cannot come back twice.
#[tokio::test]
async fn a_person_signs_in_with_a_real_provider() {
    let world = World::start().await;
    let mut browser = Browser::of(&world);
    let page = browser.begin().await;
    let back = browser.ask("ada", page).await;
    assert!(back.contains("&iss=http"), "it names itself: {back}");
    let at_start = browser.here.clone();
    let signed_in = browser.visit(&back).await;
    assert_eq!(signed_in.status, 303, "{}", signed_in.json());
    assert_eq!(signed_in.headers[LOCATION], "/dashboard");
    assert_eq!(browser.here.keys().collect::<Vec<_>>(), ["__Host-prosopa_session"]);
    let session = browser.visit("/api/v1/auth/session").await;
    assert_eq!(
        (session.text("/user/user_name"), session.text("/user/email")),
        ("ada".into(), "ada@example.org".into())
    );

    let mut other = Browser::of(&world);
    assert_eq!(other.sign_in("ada").await.status, 303);
    let again = other.visit("/api/v1/auth/session").await;
    assert_eq!(again.text("/user/id"), session.text("/user/id"));

    let mut replay = Browser::of(&world);
    replay.here = at_start;
    assert_eq!(
        replay.visit(&back).await.refusal(),
        (403, "forbidden".into()),
        "the sign-in came back before"
    );
}

/// A1: codes and states that were taken from others are worth nothing.
#[tokio::test]
async fn what_was_taken_from_a_sign_in_signs_nobody_in() {
    let world = World::start().await;
    let code_of = |back: &str| {
        let url = Url::parse(&format!("{SITE_URL}{back}")).unwrap();
        url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
    };
    let mut ada = Browser::of(&world);
    let page = ada.begin().await;
    let adas = ada.ask("ada", page).await;
    let mut eve = Browser::of(&world);
    let page = eve.begin().await;
    let eves = eve.ask("eve", page).await;
    assert_eq!(eve.visit(&adas).await.refusal(), (403, "forbidden".into()), "a state of another browser");
    let injected = eves.replace(&code_of(&eves), &code_of(&adas));
    assert_eq!(eve.visit(&injected).await.refusal(), (403, "forbidden".into()), "a code of another sign-in");

    let mut ada = Browser::of(&world);
    let page = ada.begin().await;
    let first = ada.ask("ada", page).await;
    assert_eq!(ada.visit(&first).await.status, 303);
    let page = ada.begin().await;
    let second = ada.ask("ada", page).await;
    let mixed_up = second.replace("&iss=http", "&iss=https");
    assert_eq!(ada.visit(&mixed_up).await.refusal(), (403, "forbidden".into()), "another provider's answer");
    let reused = second.replace(&code_of(&second), &code_of(&first));
    assert_eq!(ada.visit(&reused).await.refusal(), (403, "forbidden".into()), "a code that was used");
}

/// A1: who is not known well enough, or does not want to, gets no session.
#[tokio::test]
async fn a_provider_that_does_not_vouch_signs_nobody_in() {
    let world = World::start().await;
    for person in ["unverified", "nobody"] {
        let mut browser = Browser::of(&world);
        assert_eq!(browser.sign_in(person).await.refusal(), (403, "forbidden".into()), "{person}");
        assert!(!browser.here.contains_key("__Host-prosopa_session"));
    }
    let squatter = json!({ "user_name": "squatter", "email": "ada@example.org", "password": PASSWORD });
    let registered = world.product.stranger().post("/api/v1/auth/register", &squatter).await;
    assert_eq!(registered.status, 201, "{}", registered.json());
    let mut browser = Browser::of(&world);
    assert_eq!(browser.sign_in("ada").await.refusal(), (409, "email-taken".into()));
}
