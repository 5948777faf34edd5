//! The proxies, each as a process group of its own: written configurations, one worker, connections to the service kept.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::net::TcpStream;

use crate::keys::{KEY_PREFIX, KEYS};

/// What is measured.
pub(crate) struct Proxy {
    /// For the table.
    pub(crate) name: &'static str,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What its paths begin with.
    pub(crate) prefix: &'static str,
    /// None: there is no proxy.
    process: Option<Child>,
}

impl Proxy {
    /// The service itself.
    pub(crate) const fn direct(service: SocketAddr) -> Self {
        Self { name: "direct", address: service, prefix: "", process: None }
    }

    /// Starts a program and waits until it listens; what it says goes to a file of the folder.
    pub(crate) async fn start(
        name: &'static str,
        address: SocketAddr,
        prefix: &'static str,
        command: &mut Command,
        folder: &Path,
    ) -> Self {
        let log_path = folder.join(format!("{}.log", name.replace(' ', "-")));
        let log = File::create(&log_path).unwrap();
        let command =
            command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).process_group(0);
        let proxy = Self { name, address, prefix, process: Some(command.spawn().unwrap()) };
        for _ in 0..500 {
            if TcpStream::connect(address).await.is_ok() {
                return proxy;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{name} does not listen: {}", fs::read_to_string(log_path).unwrap());
    }

    /// Its process group.
    pub(crate) fn group(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // The whole group: nginx has workers.
            let group = format!("-{}", process.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
            let _ = process.wait();
        }
    }
}

/// An address that is free now.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// nginx; with everything: who asks is asked for, limited and logged.
pub(crate) async fn nginx(service: SocketAddr, folder: &Path, is_full: bool) -> Proxy {
    let (name, log, zone, steps) = if is_full {
        (
            "nginx, auth_request + limit_req + log",
            format!("access_log {}/access.log combined;", folder.display()),
            "limit_req_zone $http_x_api_key zone=keys:10m rate=1000000r/s;",
            "limit_req zone=keys burst=1000000 nodelay; auth_request /known;",
        )
    } else {
        ("nginx, plain", "access_log off;".to_owned(), "", "")
    };
    let address = free_address();
    let place = folder.join(if is_full { "nginx-full" } else { "nginx" });
    fs::create_dir_all(&place).unwrap();
    let configuration = format!(
        "worker_processes 1; daemon off; user root; pid {place}/pid; error_log {place}/error.log;
        events {{ worker_connections 1024; }}
        http {{
            {log} {zone}
            client_body_temp_path {place}; proxy_temp_path {place}; fastcgi_temp_path {place};
            uwsgi_temp_path {place}; scgi_temp_path {place};
            client_body_buffer_size 128k; proxy_buffers 16 8k;
            keepalive_requests 100000000; tcp_nodelay on;
            upstream service {{ server {service}; keepalive 128; keepalive_requests 100000000; }}
            server {{
                listen {address};
                location / {{
                    {steps}
                    proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection \"\";
                }}
                location = /known {{
                    internal;
                    proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection \"\";
                    proxy_pass_request_body off; proxy_set_header Content-Length \"\";
                }}
            }}
        }}",
        place = place.display()
    );
    let file = place.join("nginx.conf");
    fs::write(&file, configuration).unwrap();
    Proxy::start(name, address, "", Command::new("nginx").arg("-c").arg(file), folder).await
}

/// `HAProxy`; with everything: keys in a map, a rate in a stick table, and a log.
pub(crate) async fn haproxy(service: SocketAddr, folder: &Path, is_full: bool) -> Proxy {
    let keys: String = (0..KEYS).map(|key| format!("{KEY_PREFIX}{key:02} {key}\n")).collect();
    let map = folder.join("keys.map");
    fs::write(&map, keys).unwrap();
    let address = free_address();
    let (name, log, steps) = if is_full {
        (
            "HAProxy, key map + stick table + log",
            "log global\n  option httplog",
            format!(
                "http-request deny unless {{ req.hdr(x-api-key),map({}) -m found }}
  stick-table type string len 64 size 100k expire 60s store http_req_rate(1s)
  http-request track-sc0 req.hdr(x-api-key)
  http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt 1000000 }}",
                map.display()
            ),
        )
    } else {
        ("HAProxy, plain", "no log", String::new())
    };
    let configuration = format!(
        "global
  nbthread 1
  log stdout format raw local0 info
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend front
  bind {address}
  {log}
  {steps}
  default_backend back
backend back
  server service {service}
"
    );
    let file = folder.join(if is_full { "haproxy-full.cfg" } else { "haproxy.cfg" });
    fs::write(&file, configuration).unwrap();
    Proxy::start(name, address, "", Command::new("haproxy").arg("-db").arg("-f").arg(file), folder).await
}

/// Caddy, plain.
pub(crate) async fn caddy(service: SocketAddr, folder: &Path) -> Proxy {
    let address = free_address();
    let configuration = format!(
        "{{\n admin off\n auto_https off\n}}\nhttp://:{port} {{\n bind 127.0.0.1\n reverse_proxy {service}\n}}\n",
        port = address.port()
    );
    let file = folder.join("Caddyfile");
    fs::write(&file, configuration).unwrap();
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
    command.env("GOMAXPROCS", "1").env("HOME", folder);
    Proxy::start("Caddy, plain", address, "", &mut command, folder).await
}
