//! What happens under a terminal: questions, colours, Ctrl-C. The terminal is that of `script` from util-linux.
#![cfg(target_os = "linux")]

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::account::user;
use crate::binary::Home;
use crate::fake::{Fake, Reply};
use crate::keys::key;
use crate::pictures::detection_id;

/// Runs the binary under a terminal against a server, as [`converse`] does.
fn on_terminal(home: &Home, fake: &Fake, arguments: &str, dialogue: &[(&str, &str)]) -> (i32, String) {
    converse(terminal(home, arguments).env("PROSOPA_SERVER", &fake.url), dialogue)
}

/// The binary under a terminal.
fn terminal(home: &Home, arguments: &str) -> Command {
    let mut command = Command::new("script");
    command
        .args(["--quiet", "--return", "--command"])
        .arg(format!("exec '{}' {arguments}", env!("CARGO_BIN_EXE_prosopa")))
        .arg("/dev/null")
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs([("SHELL", "/bin/sh"), ("TERM", "xterm")])
        .env("HOME", home.path())
        .current_dir(home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// Runs it and, each time the next prompt is the last thing on the terminal, types the answer. Gives the exit code and all
/// that was on the terminal.
fn converse(command: &mut Command, dialogue: &[(&str, &str)]) -> (i32, String) {
    let mut child = command.spawn().unwrap();
    let (mut keyboard, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut dialogue = dialogue.iter();
    let mut next = dialogue.next();
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while screen.read(&mut byte).unwrap() == 1 {
        seen.push(byte[0]);
        if let Some((prompt, answer)) = next
            && seen.ends_with(prompt.as_bytes())
        {
            keyboard.write_all(answer.as_bytes()).unwrap();
            next = dialogue.next();
        }
    }
    let code = child.wait().unwrap().code().unwrap();
    assert!(next.is_none(), "was not asked {next:?}:\n{}", String::from_utf8_lossy(&seen));
    (code, String::from_utf8(seen).unwrap())
}

/// F1: what is missing is asked for, the password twice, and again when the two differ.
#[test]
fn registration_asks_for_what_is_missing() {
    let (fake, home) = (Fake::start(), Home::new());
    fake.on(
        "POST /auth/register",
        [Reply::problem(409, "email-taken", "The e-mail address is taken", json!({}))],
    );
    let dialogue = [
        ("E-mail: ", "ada@example.org\n"),
        ("Password: ", "first\n"),
        ("Password again: ", "second\n"),
        ("Password: ", "third\n"),
        ("Password again: ", "third\n"),
    ];
    let (code, seen) = on_terminal(&home, &fake, "register --user-name ada", &dialogue);
    assert_eq!(code, 4, "{seen}");
    assert_eq!(
        fake.requests("POST /auth/register")[0].json(),
        json!({ "user_name": "ada", "email": "ada@example.org", "password": "third" })
    );
}

/// F8: where nobody named the server, `init` asks for it first, and the next commands are told with it.
#[test]
fn init_asks_for_the_server() {
    let (fake, home) = (Fake::start(), Home::new());
    fake.on("POST /auth/register", [Reply::json(201, &user())]);
    fake.on("POST /auth/login", [Reply::json(200, &json!({ "access_token": "a", "refresh_token": "r" }))]);
    let mut key = key();
    key["key"] = "psp_live_abc_secret".into();
    fake.on("POST /auth/api-keys", [Reply::json(201, &key)]);
    let server = format!("{}\n", fake.url);
    let dialogue = [
        ("Server [http://127.0.0.1:8080]: ", server.as_str()),
        ("User name: ", "ada\n"),
        ("E-mail: ", "ada@example.org\n"),
        ("Password: ", "first\n"),
        ("Password again: ", "first\n"),
    ];
    let (code, seen) = converse(&mut terminal(&home, "init"), &dialogue);
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains(&format!("prosopa match --server {} selfie.jpg", fake.url)), "{seen}");
    assert!(!seen.contains("_secret"), "{seen}");
}

/// F6: a deletion goes on with a yes, and not with anything else.
#[test]
fn deletion_asks_first() {
    let fake = Fake::start();
    let home = Home::signed_in(&fake, "a", "r");
    fake.on(&format!("DELETE /faces/detections/{}", detection_id(1)), [Reply::empty()]);
    let arguments = format!("results delete {}", detection_id(1));
    let (code, _) = on_terminal(&home, &fake, &arguments, &[("[y/N] ", "\n")]);
    assert_eq!((code, fake.request_count()), (1, 0));
    let (code, _) = on_terminal(&home, &fake, &arguments, &[("[y/N] ", "yes\n")]);
    assert_eq!((code, fake.request_count()), (0, 1));
}

/// F8: Ctrl-C at a question ends with 130.
#[test]
fn ctrl_c_at_a_question_ends_with_130() {
    let (fake, home) = (Fake::start(), Home::new());
    let (code, seen) = on_terminal(&home, &fake, "login", &[("e-mail: ", "\u{3}")]);
    assert_eq!((code, fake.request_count()), (130, 0), "{seen}");
}

/// F8: errors are coloured on a terminal, unless that is not wanted.
#[test]
fn colours_can_be_turned_off() {
    let (fake, home) = (Fake::start(), Home::new());
    assert!(on_terminal(&home, &fake, "whoami", &[]).1.contains('\u{1b}'));
    for arguments in ["whoami --no-color", "--no-color detect --wrong"] {
        let (_, seen) = on_terminal(&home, &fake, arguments, &[]);
        assert!(!seen.contains('\u{1b}'), "{seen}");
    }
}
