//! Requests one after the other through a gateway in this very process: what they take is nearly all the gateway's, since the
//! service behind it and the client in front of it know their bytes beforehand.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use crate::{gateway, load::Shape, peers::free_address};

/// What the service always answers.
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{\"faces\": 17}";

/// Makes so many requests.
pub(crate) async fn run(prefix: String, count: usize) {
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let service_address = service.local_addr().unwrap();
    thread::spawn(move || answer(&service));
    let address = free_address();
    // What is written to the log is a part of the work.
    tokio::spawn(gateway::serve(service_address, address, "info".to_owned()));
    tokio::task::spawn_blocking(move || ask(address, &prefix, count)).await.unwrap();
}

/// One connection after the other: the gateway keeps the one it has.
fn answer(service: &TcpListener) {
    loop {
        let (mut stream, _) = service.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        let mut buffer = [0; 8 * 1024];
        while read_head(&mut stream, &mut buffer) {
            stream.write_all(ANSWER).unwrap();
        }
    }
}

fn ask(address: SocketAddr, prefix: &str, count: usize) {
    let mut stream = loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(_) => thread::yield_now(),
        }
    };
    stream.set_nodelay(true).unwrap();
    let request = Shape::Small.request(prefix, 0);
    let mut buffer = [0; 8 * 1024];
    for _ in 0..count {
        stream.write_all(&request).unwrap();
        let length = read_answer(&mut stream, &mut buffer);
        assert!(buffer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&buffer[..length]));
    }
}

/// Whether another request came; these have no bodies.
fn read_head(stream: &mut TcpStream, buffer: &mut [u8]) -> bool {
    read_until(stream, buffer, b"\r\n\r\n") > 0
}

/// Bytes of an answer, which ends as [`ANSWER`] does.
fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> usize {
    read_until(stream, buffer, b"{\"faces\": 17}")
}

fn read_until(stream: &mut TcpStream, buffer: &mut [u8], end: &[u8]) -> usize {
    let mut filled = 0;
    while !buffer[..filled].ends_with(end) {
        match stream.read(&mut buffer[filled..]).unwrap() {
            0 => return 0,
            count => filled += count,
        }
    }
    filled
}
