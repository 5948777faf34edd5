use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use uuid::Uuid;

use super::{
    post_office::{PostOffice, Running, by_server},
    server::Server,
};

/// The status line of an answer to operators.
async fn ask(running: &Running, path: &str) -> String {
    let mut stream = TcpStream::connect(running.admin).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.lines().next().unwrap().to_owned()
}

/// F9: a process sends what it accepts by itself; a mail server that is away leaves it ready for everything else.
#[tokio::test]
async fn a_mail_server_that_is_away_leaves_the_process_ready() {
    let office = PostOffice::new();
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let server = Server::start().await;
    for (address, outcome) in [(nobody, "deferred"), (server.address, "sent")] {
        let running = office.host(by_server(address)).await;
        running.mailer.send(office.reset(Uuid::now_v7())).await.unwrap();
        while running.count("password_reset", outcome) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(ask(&running, "/readyz").await, "HTTP/1.1 200 OK", "{outcome}");
        running.end().await;
    }
    assert_eq!(server.taken().len(), 1);
}
