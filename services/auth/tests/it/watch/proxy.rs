//! A network that fails when it is told to.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Bytes pass.
    Open,
    /// Bytes stay, connections too: nobody is told.
    Stalled,
    /// Connections end, and there are no new ones.
    Cut,
}

/// Passes connections on to an address.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    line: watch::Sender<Line>,
}

impl Proxy {
    pub(crate) async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (line, state) = watch::channel(Line::Open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *state.borrow() == Line::Cut {
                    continue;
                }
                let server = TcpStream::connect(target).await.unwrap();
                let ((from_client, to_client), (from_server, to_server)) =
                    (client.into_split(), server.into_split());
                tokio::spawn(pass(from_client, to_server, state.clone()));
                tokio::spawn(pass(from_server, to_client, state.clone()));
            }
        });
        Self { address, line }
    }

    pub(crate) fn stall(&self) {
        self.line.send(Line::Stalled).unwrap();
    }

    pub(crate) fn cut(&self) {
        self.line.send(Line::Cut).unwrap();
    }

    pub(crate) fn mend(&self) {
        self.line.send(Line::Open).unwrap();
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut line: watch::Receiver<Line>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            _ = line.wait_for(|line| *line == Line::Cut) => return,
        };
        let Ok(count @ 1..) = read else { return };
        let state = line.wait_for(|line| *line != Line::Stalled).await.map(|line| *line);
        if !matches!(state, Ok(Line::Open)) || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
