//! A way to a server that can be cut, held and mended, as a network or a restart does; also in the middle of a commit.

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

/// What a server's answer to every request looks like that fails.
const FAILURE: &[u8] =
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Passes connections on to a server, while nothing is wrong with the way.
pub struct Proxy {
    address: SocketAddr,
    way: watch::Sender<Way>,
    losses: Losses,
}

/// How the way to the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// No connection.
    Cut,
    /// Connections over which nothing comes.
    Held,
    /// HTTP whose every request fails.
    Failing,
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
        let (way, ways) = watch::channel(Way::Open);
        let target = target.to_owned();
        tokio::spawn(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else { return };
                tokio::spawn(lead(client, target.clone(), ways.clone(), lost.clone()));
            }
        });
        Self { address, way, losses }
    }

    /// What to connect to instead of the target.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection and takes no other.
    pub fn cut(&self) {
        self.way.send_replace(Way::Cut);
    }

    /// Passes nothing on any more, and takes connections as before.
    pub fn hold(&self) {
        self.way.send_replace(Way::Held);
    }

    /// Ends every connection; on others, answers with 500 whatever is asked over HTTP.
    pub fn fail(&self) {
        self.way.send_replace(Way::Failing);
    }

    /// From now on two of `every` commits meet the end of their connection: one before it arrives, one when it is done but
    /// nobody was told. Zero ends it.
    pub fn lose_commits(&self, every: usize) {
        self.losses.every.store(every, Ordering::SeqCst);
    }

    /// Passes connections on again.
    pub fn mend(&self) {
        self.way.send_replace(Way::Open);
    }
}

/// One connection, for as long as the way is as it was, or held.
async fn lead(client: TcpStream, target: String, mut ways: watch::Receiver<Way>, losses: Losses) {
    let way = *ways.borrow_and_update();
    let (mut from_client, mut to_client) = client.into_split();
    match way {
        Way::Cut => return,
        Way::Held => {}
        Way::Failing => {
            let mut bytes = [0; 4 * 1024];
            if from_client.read(&mut bytes).await.is_ok_and(|length| length > 0)
                && to_client.write_all(FAILURE).await.is_ok()
            {
                // What is closed with bytes unread is reset, and the answer may be lost on the way.
                let _ = to_client.shutdown().await;
                let _ = tokio::io::copy(&mut from_client, &mut tokio::io::sink()).await;
            }
            return;
        }
        Way::Open => {
            let Ok(server) = TcpStream::connect(&target).await else { return };
            let (mut from_server, to_server) = server.into_split();
            tokio::select! {
                _ = carry(from_client, to_server, losses) => return,
                _ = tokio::io::copy(&mut from_server, &mut to_client) => return,
                _ = ways.wait_for(|way| *way != Way::Open) => {}
            }
        }
    }
    let _ = ways.wait_for(|way| *way != Way::Held).await;
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
