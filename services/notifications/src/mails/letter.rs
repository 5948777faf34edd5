//! What mails say, each as plain text and as HTML of the same words.

use std::fmt::Write;

use secrecy::ExposeSecret;

use prosopa_contract::mailer::MailPurpose;
use prosopa_model::Timestamp;

/// A subject and what stands below it. Holds secrets: it is not to be shown.
pub(crate) struct Letter {
    pub(crate) subject: &'static str,
    blocks: Vec<Block>,
}

/// A part that stands by itself.
enum Block {
    Paragraph(String),
    /// An address to be followed.
    Link(String),
    /// A text to be copied.
    Code(String),
}

impl Letter {
    /// What a mail of this purpose says; its links begin with `public_url`.
    ///
    /// A token stands behind the `#` of a link: browsers send that part to nobody, so no log of a server keeps it.
    pub(crate) fn new(purpose: &MailPurpose, public_url: &str) -> Self {
        let base = public_url.trim_end_matches('/');
        let with_token = |path: &str, token: &str| Block::Link(format!("{base}/{path}#token={token}"));
        match purpose {
            MailPurpose::PasswordReset { token, expires_at } => Self {
                subject: "Set a new password",
                blocks: vec![
                    paragraph(
                        "Somebody asked to set a new password for the account with this e-mail address.",
                    ),
                    Block::Paragraph(format!(
                        "If it was you, open this page before {}:",
                        minute(*expires_at)
                    )),
                    with_token("password-reset", token.expose_secret()),
                    paragraph("Without a browser, set it with this token:"),
                    Block::Code(token.expose_secret().to_owned()),
                    paragraph("If it was not you, there is nothing to do: the password stays as it is."),
                ],
            },
            MailPurpose::PasswordChanged => Self {
                subject: "Your password was changed",
                blocks: vec![
                    paragraph("The password of the account with this e-mail address was changed."),
                    paragraph(
                        "If it was you, there is nothing to do. If it was not you, set a new one here:",
                    ),
                    Block::Link(format!("{base}/password-reset")),
                ],
            },
            MailPurpose::SecretLeaked { id, name } => Self {
                subject: "A key of yours was found in public and revoked",
                blocks: vec![
                    paragraph("The secret of this key was reported to us as readable by others:"),
                    Block::Code(format!("{name} ({id})")),
                    paragraph(
                        "The key is revoked: whoever uses it is refused, your own programs too. Remove the secret from \
                         where it was published, make another key, and see what the revoked one was used for.",
                    ),
                ],
            },
            MailPurpose::EmailVerification { token, expires_at } => Self {
                subject: "Confirm your e-mail address",
                blocks: vec![
                    paragraph("Somebody gave this e-mail address for an account."),
                    Block::Paragraph(format!(
                        "If it was you, open this page before {}:",
                        minute(*expires_at)
                    )),
                    with_token("email-verification", token.expose_secret()),
                    paragraph("Without a browser, confirm it with this token:"),
                    Block::Code(token.expose_secret().to_owned()),
                    paragraph("If it was not you, there is nothing to do: the address stays unconfirmed."),
                ],
            },
        }
    }

    /// Lines that end with CRLF, as mail is written (RFC 5322, section 2.1).
    pub(crate) fn to_text(&self) -> String {
        let blocks = self.blocks.iter().map(|block| match block {
            Block::Paragraph(text) => format!("{text}\r\n"),
            Block::Link(text) | Block::Code(text) => format!("  {text}\r\n"),
        });
        blocks.collect::<Vec<_>>().join("\r\n")
    }

    /// A whole document, without anything that is fetched from elsewhere.
    pub(crate) fn to_html(&self) -> String {
        let title = escape(self.subject);
        let mut html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n<body>\n"
        );
        for block in &self.blocks {
            // Writing to a string cannot fail.
            let _ = match block {
                Block::Paragraph(text) => writeln!(html, "<p>{}</p>", escape(text)),
                Block::Link(url) => writeln!(html, "<p><a href=\"{0}\">{0}</a></p>", escape(url)),
                Block::Code(text) => writeln!(html, "<pre>{}</pre>", escape(text)),
            };
        }
        html.push_str("</body>\n</html>\n");
        html
    }
}

fn paragraph(text: &str) -> Block {
    Block::Paragraph(text.to_owned())
}

/// Such as `2026-01-31 12:15 UTC`.
fn minute(time: Timestamp) -> String {
    let text = time.to_string();
    match text.split_once('T') {
        Some((date, clock)) => format!("{date} {} UTC", clock.get(..5).unwrap_or(clock)),
        None => text,
    }
}

/// For text and for values in double quotes (HTML, section 13.3).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(public_url: &str) -> Letter {
        let expires_at = "2026-01-31T12:15:00Z".parse().unwrap();
        Letter::new(&MailPurpose::PasswordReset { token: "abc-123".into(), expires_at }, public_url)
    }

    #[test]
    fn both_forms_say_the_same() {
        let letter = letter("https://example.org/");
        let (text, html) = (letter.to_text(), letter.to_html());
        for words in ["https://example.org/password-reset#token=abc-123", "2026-01-31 12:15 UTC", "as it is."]
        {
            assert!(text.contains(words) && html.contains(words), "{words}");
        }
        assert!(text.contains("  https://example.org/password-reset#token=abc-123\r\n\r\n"));
        assert!(html.contains("<pre>abc-123</pre>"));
        assert!(text.lines().all(|line| line.len() <= 998), "RFC 5322, section 2.1.1");
    }

    #[test]
    fn no_address_ends_the_mark_that_holds_it() {
        let html = letter("https://example.org/a&b\"><script>").to_html();
        assert!(html.contains("href=\"https://example.org/a&amp;b&quot;&gt;&lt;script&gt;/password-reset"));
        assert!(!html.contains("<script>"));
    }
}
