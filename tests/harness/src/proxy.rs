//! A way to a server that can be cut and mended, as a network or a restart does; also in the middle of a commit.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// What PostgreSQL's protocol calls it, in a message of its own.
const COMMIT: &[u8] = b"COMMIT";

/// Passes connections on to a server, while it is not cut.
pub struct Proxy {
    address: SocketAddr,
    is_cut: watch::Sender<bool>,
    losses: Losses,
}

/// Which commits are lost.
#[derive(Clone, Default)]
struct Losses {
    /// Of so many commits one never arrives, and of another one only the answer is lost; none if zero.
    every: Arc<AtomicUsize>,
    commits: Arc<AtomicUsize>,
}

impl Losses {
    /// What becomes of what a client sends: whether it arrives, and whether the connection goes on.
    fn judge(&self, sent: &[u8]) -> (bool, bool) {
        let every = self.every.load(Ordering::SeqCst);
        if every == 0 || !sent.windows(COMMIT.len()).any(|window| window == COMMIT) {
            return (true, true);
        }
        match self.commits.fetch_add(1, Ordering::SeqCst) % every {
            0 => (true, false),
            half if half == every / 2 => (false, false),
            _ => (true, true),
        }
    }
}

impl Proxy {
    /// A way to `target`, a host and port.
    pub async fn to(target: &str) -> Self {
        let losses = Losses::default();
        let lost = losses.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (is_cut, cuts) = watch::channel(false);
        let target = target.to_owned();
        tokio::spawn(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else { return };
                let (target, mut cuts, losses) = (target.clone(), cuts.clone(), lost.clone());
                tokio::spawn(async move {
                    if *cuts.borrow_and_update() {
                        return;
                    }
                    let Ok(server) = TcpStream::connect(&target).await else { return };
                    let (from_client, mut to_client) = client.into_split();
                    let (mut from_server, to_server) = server.into_split();
                    tokio::select! {
                        _ = carry(from_client, to_server, losses) => {}
                        _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
                        _ = cuts.wait_for(|is_cut| *is_cut) => {}
                    }
                });
            }
        });
        Self { address, is_cut, losses }
    }

    /// What to connect to instead of the target.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection and takes no other.
    pub fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    /// From now on two of `every` commits meet the end of their connection: one before it arrives, one when it is done but
    /// nobody was told. Zero ends it.
    pub fn lose_commits(&self, every: usize) {
        self.losses.every.store(every, Ordering::SeqCst);
    }

    /// Takes connections again.
    pub fn mend(&self) {
        self.is_cut.send_replace(false);
    }
}

/// Carries what a client sends, until one of its commits is lost.
async fn carry(mut client: OwnedReadHalf, mut server: OwnedWriteHalf, losses: Losses) -> io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let length = client.read(&mut bytes).await?;
        if length == 0 {
            return Ok(());
        }
        let (arrives, goes_on) = losses.judge(&bytes[..length]);
        if arrives {
            server.write_all(&bytes[..length]).await?;
        }
        if !goes_on {
            return Ok(());
        }
    }
}
