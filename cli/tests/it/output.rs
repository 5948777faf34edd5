//! What goes where, help, completions, colours.

use serde_json::json;

use crate::binary::{Home, finish};
use crate::fake::{Fake, Reply};
use crate::pictures::{created, jpeg};

/// F8: nothing is coloured when it is piped, neither results, errors nor help.
#[test]
fn piped_output_has_no_colours() {
    let fake = Fake::start();
    fake.on("POST /faces/detections", [created(1, 1)]);
    let home = Home::signed_in(&fake, "a", "r");
    home.write("photo.jpg", jpeg(9, 9));
    for arguments in [["detect", "photo.jpg"].as_slice(), &["whoami"], &["--help"], &["detect", "--wrong"]] {
        let run = home.run(&fake, arguments);
        assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'), "{arguments:?}");
    }
}

/// F8: the exit codes are part of the help.
#[test]
fn help_documents_the_exit_codes() {
    let run = Home::new().run(&Fake::start(), &["--help"]).expect_code(0);
    let documented =
        |code: u8| run.stdout.lines().any(|line| line.trim_start().starts_with(&format!("{code}  ")));
    for code in [0, 1, 2, 3, 4, 5, 6, 7, 130] {
        assert!(documented(code), "{code} is not in the help");
    }
}

/// F8: a wrong command line ends with 2 and says what is wrong on stderr.
#[test]
fn wrong_usage_ends_with_2() {
    let (fake, home) = (Fake::start(), Home::new());
    for arguments in [
        ["detect"].as_slice(),
        &["detect", "-j", "0", "a.jpg"],
        &["detect", "--min-face-px", "11", "a.jpg"],
        &["whoami", "--server", "example.org"],
        &["whoami", "--server", "http://ada:pass@example.org"],
        &["whoami", "--client-cert", "c.pem"],
        &["results", "list", "--all", "--limit", "3"],
        &["nonsense"],
    ] {
        let run = home.run(&fake, arguments).expect_code(2);
        assert!(run.stdout.is_empty() && run.stderr.contains("error:"), "{arguments:?}");
        assert!(!run.stderr.contains("ada:pass"), "{}", run.stderr);
    }
}

/// F8: there is a completion script for every shell, and it needs no server.
#[test]
fn completions_are_printed() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = finish(home.command(["completions", shell]).spawn().unwrap()).expect_code(0);
        assert!(run.stdout.contains("save-annotated") && run.stderr.is_empty(), "{shell}");
    }
}

/// F8: a reader that leaves early ends the command quietly.
#[test]
fn closed_pipe_is_no_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let home = Home::new();
    let child = home.command(["completions", "bash"]).stdout(writer).spawn().unwrap();
    let run = finish(child).expect_code(0);
    assert_eq!(run.stderr, "");
}

/// F9: an address that is neither encrypted nor this machine is warned of, unless quiet.
#[test]
fn unencrypted_address_is_warned_of() {
    let home = Home::new();
    // A name that can not be resolved: nothing is sent.
    let arguments = ["whoami", "--server", "http://absent.invalid", "--token", "t", "--timeout-s", "5"];
    let run = finish(home.command(arguments).spawn().unwrap()).expect_code(6);
    assert!(run.stderr.contains("is not encrypted"), "{}", run.stderr);
    let run = finish(home.command(arguments).arg("--quiet").spawn().unwrap()).expect_code(6);
    assert!(!run.stderr.contains("is not encrypted"), "{}", run.stderr);
}

/// F8: control characters in what a server says do not reach the terminal.
#[test]
fn control_characters_of_a_server_are_not_printed() {
    let fake = Fake::start();
    let home = Home::signed_in(&fake, "a", "r");
    fake.on("GET /users/me", [Reply::problem(404, "not-found", "\u{1b}[2Jgone", json!({}))]);
    let run = home.run(&fake, &["whoami"]).expect_code(4);
    assert!(!run.stderr.contains('\u{1b}') && run.stderr.contains("gone"), "{}", run.stderr);
}
