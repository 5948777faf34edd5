//! A way to a server that can be cut and mended, as a network or a restart does.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Passes connections on to a server, while it is not cut.
pub struct Proxy {
    address: SocketAddr,
    is_cut: watch::Sender<bool>,
}

impl Proxy {
    /// A way to `target`, a host and port.
    pub async fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (is_cut, cuts) = watch::channel(false);
        let target = target.to_owned();
        tokio::spawn(async move {
            loop {
                let Ok((mut client, _)) = listener.accept().await else { return };
                let (target, mut cuts) = (target.clone(), cuts.clone());
                tokio::spawn(async move {
                    if *cuts.borrow_and_update() {
                        return;
                    }
                    let Ok(mut server) = TcpStream::connect(&target).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        _ = cuts.wait_for(|is_cut| *is_cut) => {}
                    }
                });
            }
        });
        Self { address, is_cut }
    }

    /// What to connect to instead of the target.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection and takes no other.
    pub fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    /// Takes connections again.
    pub fn mend(&self) {
        self.is_cut.send_replace(false);
    }
}
