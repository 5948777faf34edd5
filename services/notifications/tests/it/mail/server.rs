//! A mail server on this machine that answers as a test says (RFC 5321, as much of it as a client needs).

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tokio_rustls::TlsAcceptor;

/// A mail as it came, with the dots that the transfer adds taken away.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) text: String,
    /// Whether it came through TLS.
    pub(crate) was_secret: bool,
}

impl Taken {
    /// The value of a header, as it stands there.
    pub(crate) fn header(&self, name: &str) -> String {
        let head = self.text.split("\r\n\r\n").next().unwrap();
        let found: Vec<&str> =
            head.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).collect();
        assert_eq!(found.len(), 1, "{name} in {head}");
        found[0].to_owned()
    }
}

/// Answers in place of the usual ones, each given once, by the command they answer: `EHLO`, `AUTH`, `MAIL`, `RCPT`,
/// `DATA`, and `.` for the end of the mail.
#[derive(Default)]
struct Script(Mutex<HashMap<&'static str, VecDeque<&'static str>>>);

impl Script {
    fn take(&self, command: &str) -> Option<&'static str> {
        self.0.lock().unwrap().get_mut(command)?.pop_front()
    }
}

/// What a test asks of its server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    script: Script,
    taken: Mutex<Vec<Taken>>,
    commands: Mutex<Vec<String>>,
    /// Rung when a mail was taken whose answer is kept back.
    silent: Notify,
    tls: Option<TlsAcceptor>,
    /// What it offers besides.
    extensions: Vec<&'static str>,
}

/// An answer that never comes.
pub(crate) const SILENCE: &str = "";

impl Server {
    /// Takes everything, without TLS and without a login.
    pub(crate) async fn start() -> Self {
        Self::start_with(None, &["8BITMIME"]).await
    }

    /// Offers this, and TLS if it can.
    pub(crate) async fn start_with(tls: Option<TlsAcceptor>, extensions: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { tls, extensions: extensions.to_vec(), ..Shared::default() });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                // A client that goes away ends its conversation.
                tokio::spawn(async move { drop(converse(stream, &shared).await) });
            }
        });
        Self { address, shared }
    }

    /// Answers a command once like this.
    pub(crate) fn will_answer(&self, command: &'static str, answer: &'static str) {
        self.shared.script.0.lock().unwrap().entry(command).or_default().push_back(answer);
    }

    /// Every mail that it has said yes to or kept silent about, the first first.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.shared.taken.lock().unwrap().clone()
    }

    /// The first words of every command that it heard.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.shared.commands.lock().unwrap().clone()
    }

    /// Waits until it has a mail about which it keeps silent.
    pub(crate) async fn keeps_silent(&self) {
        self.shared.silent.notified().await;
    }
}

async fn converse(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.write_all(b"220 mail.test ESMTP\r\n").await?;
    if talk(&mut stream, shared, false).await? == End::StartTls
        && let Some(tls) = &shared.tls
    {
        let mut stream = tls.accept(stream).await?;
        talk(&mut stream, shared, true).await?;
    }
    Ok(())
}

#[derive(PartialEq)]
enum End {
    Left,
    StartTls,
}

async fn talk<S>(stream: &mut S, shared: &Shared, is_secret: bool) -> std::io::Result<End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    let (mut from, mut to) = (String::new(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(End::Left);
        }
        let command = line.split_whitespace().next().unwrap_or_default().to_owned();
        shared.commands.lock().unwrap().push(command.clone());
        let usual = match command.as_str() {
            "EHLO" => greeting(shared, is_secret),
            "STARTTLS" => {
                stream.write_all(b"220 go ahead\r\n").await?;
                return Ok(End::StartTls);
            }
            "AUTH" => "235 welcome\r\n".to_owned(),
            "DATA" => "354 go ahead\r\n".to_owned(),
            "QUIT" => {
                stream.write_all(b"221 farewell\r\n").await?;
                return Ok(End::Left);
            }
            _ => "250 yes\r\n".to_owned(),
        };
        let answer = shared.script.take(&command).map_or(usual, |answer| format!("{answer}\r\n"));
        let path = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        match command.as_str() {
            "MAIL" => from = path(),
            "RCPT" => to = path(),
            _ => {}
        }
        stream.write_all(answer.as_bytes()).await?;
        if command == "DATA" && answer.starts_with("354") {
            let text = read_mail(&mut stream).await?;
            let answer = shared.script.take(".").unwrap_or("250 taken");
            if answer == SILENCE || answer.starts_with('2') {
                let taken = Taken { from: from.clone(), to: to.clone(), text, was_secret: is_secret };
                shared.taken.lock().unwrap().push(taken);
            }
            if answer == SILENCE {
                shared.silent.notify_one();
                std::future::pending::<()>().await;
            }
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
    }
}

fn greeting(shared: &Shared, is_secret: bool) -> String {
    let mut lines = vec!["mail.test"];
    lines.extend(&shared.extensions);
    if shared.tls.is_some() && !is_secret {
        lines.push("STARTTLS");
    }
    let last = lines.pop().unwrap();
    let first: String = lines.iter().map(|line| format!("250-{line}\r\n")).collect();
    format!("{first}250 {last}\r\n")
}

async fn read_mail<S>(stream: &mut BufReader<S>) -> std::io::Result<String>
where
    S: AsyncRead + Unpin,
{
    let (mut text, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
