//! How a Redis server is connected to.

use std::{io, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, IntoConnectionInfo, RedisError, RedisResult, TlsCertificates,
    aio::MultiplexedConnection, io::tcp::TcpSettings,
};
use secrecy::ExposeSecret;

use super::options::{RedisOptions, RedisOptionsError};

/// Longest time until a server has greeted: it may be far away, and nobody waits meanwhile.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Calls that may wait to be written to the connection; further ones wait for a place.
const QUEUE_MAX: usize = 1_024;

/// How each certificate in PEM begins (RFC 7468).
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Whoever connects to the server of these options.
pub(super) fn client(options: &RedisOptions) -> Result<Client, RedisOptionsError> {
    let info = options.url.as_str().into_connection_info().map_err(RedisOptionsError::Connection)?;
    let mut login = info.redis_settings().clone().set_skip_set_lib_name();
    if login.username().is_some() || login.password().is_some() {
        return Err(RedisOptionsError::Credentials);
    }
    if let Some(username) = &options.username {
        login = login.set_username(username);
    }
    if let Some(password) = &options.password {
        login = login.set_password(password.expose_secret());
    }
    let info = info.set_redis_settings(login).set_tcp_settings(TcpSettings::default().set_nodelay(true));
    let client = match &options.ca_pem {
        Some(pem) => {
            if !pem.windows(CERTIFICATE.len()).any(|window| window == CERTIFICATE) {
                return Err(RedisOptionsError::NoCertificate);
            }
            let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem.clone()) };
            Client::build_with_tls(info, certificates)
        }
        None => Client::open(info),
    };
    client.map_err(RedisOptionsError::Connection)
}

/// A connection whose server has greeted and has let us in.
pub(super) async fn connect(client: &Client) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        // Callers have a deadline of their own, which is shorter.
        .set_response_timeout(None)
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_pipeline_buffer_size(QUEUE_MAX);
    let connecting = client.get_multiplexed_async_connection_with_config(&config);
    tokio::time::timeout(CONNECT_TIMEOUT, connecting).await.map_err(|_| late())?
}

/// The server did not answer.
pub(super) fn late() -> RedisError {
    io::Error::from(io::ErrorKind::TimedOut).into()
}
