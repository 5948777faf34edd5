//! Where services are found that another process hosts.

use std::time::Duration;

use http::Uri;
use serde::{Deserialize, Serialize};
use tonic::transport::{Channel, Endpoint};

/// Longest wait for a connection to another process.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Silence after which the other end is asked whether it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(10);

/// Longest time it may take to answer that.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// The section `peers` of the configuration: the internal address of each service, `http://host:port`. One that is hosted
/// by the process itself is not looked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PeerAddresses {
    /// The auth service; also `AUTH_MICROSERVICE_URL`.
    pub auth: String,
    /// The detection service; also `DETECTION_MICROSERVICE_URL`.
    pub detection: String,
    /// The engine; also `ENGINE_MICROSERVICE_URL`.
    pub engine: String,
    /// The notifications service; also `NOTIFICATIONS_MICROSERVICE_URL`.
    pub notifications: String,
}

/// An address that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("peers.{service} must be http://host:port without a path, not `{address}`")]
pub struct PeerAddressError {
    service: &'static str,
    address: String,
}

/// Where `serve` puts the services of one machine.
impl Default for PeerAddresses {
    fn default() -> Self {
        let at = |port: u16| format!("http://127.0.0.1:{port}");
        Self { auth: at(8091), detection: at(8092), engine: at(8093), notifications: at(8094) }
    }
}

impl PeerAddresses {
    /// The services that have an address.
    pub const SERVICES: [&str; 4] = ["auth", "detection", "engine", "notifications"];

    /// Checks every address.
    pub fn validate(&self) -> Result<(), PeerAddressError> {
        for service in Self::SERVICES {
            self.find(service)?;
        }
        Ok(())
    }

    /// The address of the service of that name.
    ///
    /// # Errors
    /// What is configured is no address; so is a name that is no service's.
    pub fn find(&self, service: &'static str) -> Result<Uri, PeerAddressError> {
        let address = match service {
            "auth" => self.auth.as_str(),
            "detection" => &self.detection,
            "engine" => &self.engine,
            "notifications" => &self.notifications,
            _ => "",
        };
        let uri = address.parse::<Uri>().ok().filter(|uri| {
            uri.scheme_str() == Some("http")
                && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
                && uri.path_and_query().is_none_or(|path| path == "/")
        });
        uri.ok_or_else(|| PeerAddressError { service, address: address.to_owned() })
    }

    /// A way to the service of that name over gRPC. It connects when it is first used, and again after every loss.
    ///
    /// # Errors
    /// See [`PeerAddresses::find`].
    pub fn channel(&self, service: &'static str) -> Result<Channel, PeerAddressError> {
        let endpoint = Endpoint::from(self.find(service)?)
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .keep_alive_while_idle(true);
        Ok(endpoint.connect_lazy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_are_taken() {
        let with = |auth: &str| PeerAddresses { auth: auth.into(), ..PeerAddresses::default() };
        assert_eq!(PeerAddresses::default().validate(), Ok(()));
        for address in ["http://auth:8080", "http://10.1.2.3:1", "http://[::1]:80/"] {
            assert_eq!(with(address).validate(), Ok(()), "{address}");
        }
        for address in
            ["", "auth:8080", "ftp://auth", "https://auth", "http://auth/api", "http://a@auth", "http://"]
        {
            let error = with(address).validate().unwrap_err().to_string();
            assert!(error.starts_with("peers.auth must be"), "{error}");
        }
    }
}
