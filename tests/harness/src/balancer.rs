//! A fixed address in front of processes that come and go, as a Service of Kubernetes is: each connection is led to one of
//! them and stays with it.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::net::{TcpListener, TcpStream};

/// Leads connections to processes in turn; ends those for which there is none.
pub(crate) struct Balancer {
    address: SocketAddr,
    places: Arc<Mutex<Places>>,
}

#[derive(Default)]
struct Places {
    /// Hosts and ports.
    known: Vec<String>,
    turn: usize,
}

impl Places {
    /// All of them, beginning with another one each time.
    fn next(&mut self) -> Vec<String> {
        let mut places = self.known.clone();
        if !places.is_empty() {
            self.turn = (self.turn + 1) % places.len();
            places.rotate_left(self.turn);
        }
        places
    }
}

impl Balancer {
    /// One that leads nowhere yet.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let places: Arc<Mutex<Places>> = Arc::default();
        let known = Arc::clone(&places);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let places = lock(&known).next();
                // Whoever ends first, the other end is told by the end of its connection.
                tokio::spawn(lead(client, places));
            }
        });
        Self { address, places }
    }

    /// Where callers find it, `http://…`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Leads to a process too, `http://…`.
    pub(crate) fn add(&self, url: &str) {
        lock(&self.places).known.push(host_of(url).to_owned());
    }

    /// Leads to it no more; connections that it has go on.
    pub(crate) fn remove(&self, url: &str) {
        lock(&self.places).known.retain(|place| place != host_of(url));
    }
}

async fn lead(mut client: TcpStream, places: Vec<String>) -> io::Result<()> {
    client.set_nodelay(true)?;
    for place in places {
        let Ok(mut process) = TcpStream::connect(&place).await else { continue };
        process.set_nodelay(true)?;
        tokio::io::copy_bidirectional(&mut client, &mut process).await?;
        break;
    }
    Ok(())
}

fn lock(places: &Mutex<Places>) -> MutexGuard<'_, Places> {
    places.lock().unwrap_or_else(PoisonError::into_inner)
}

fn host_of(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, host)| host)
}
