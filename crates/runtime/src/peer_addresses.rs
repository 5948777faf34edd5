//! Where services are found that another process hosts.

use std::{net::IpAddr, time::Duration};

use http::{Uri, uri::Scheme};
use serde::{Deserialize, Serialize};
use tonic::transport::{Channel, Endpoint};

use crate::{PeerConnector, PeerTlsConfig, peer_connector::PeerConnectorTo};

/// Longest wait for a connection to another process.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Silence after which the other end is asked whether it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(10);

/// Longest time it may take to answer that.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// The section `peers` of the configuration: the internal address of each service, `http://host:port` or
/// `https://host:port`. One that is hosted by the process itself is not looked up.
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
    /// How they are known where they are spoken with over TLS.
    pub tls: PeerTlsConfig,
}

/// An address that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerAddressError {
    /// It is written in another way.
    #[error("peers.{service} must be http://host:port or https://host:port without a path, not `{address}`")]
    Form {
        /// Whose.
        service: &'static str,
        /// What is written.
        address: String,
    },
    /// Nobody could be known at it.
    #[error("peers.{0} is https://, which needs peers.tls.ca_file")]
    NoAuthority(&'static str),
}

/// Where `serve` puts the services of one machine.
impl Default for PeerAddresses {
    fn default() -> Self {
        let at = |port: u16| format!("http://127.0.0.1:{port}");
        let tls = PeerTlsConfig::default();
        Self { auth: at(8091), detection: at(8092), engine: at(8093), notifications: at(8094), tls }
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
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
                && uri.path_and_query().is_none_or(|path| path == "/")
        });
        let uri = uri.ok_or_else(|| PeerAddressError::Form { service, address: address.to_owned() })?;
        if uri.scheme_str() == Some("https") && self.tls.ca_file.is_none() {
            return Err(PeerAddressError::NoAuthority(service));
        }
        Ok(uri)
    }

    /// Whether what is told the service of that name can be read on the way: it is on another machine, and spoken with
    /// plainly.
    pub fn is_exposed(&self, service: &'static str) -> bool {
        let Ok(uri) = self.find(service) else { return false };
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let is_here =
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        uri.scheme_str() == Some("http") && !is_here
    }

    /// A way to the service of that name over gRPC. It connects when it is first used, and again after every loss.
    ///
    /// # Errors
    /// See [`PeerAddresses::find`].
    pub fn channel(
        &self,
        service: &'static str,
        connector: &PeerConnector,
    ) -> Result<Channel, PeerAddressError> {
        let address = self.find(service)?;
        let connector = PeerConnectorTo { connector: connector.clone(), address: address.clone() };
        let endpoint = Endpoint::from(without_tls(&address))
            .origin(address)
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .keep_alive_while_idle(true);
        Ok(endpoint.connect_with_connector_lazy(connector))
    }
}

/// The same place: the library may not look after TLS itself, which is the connector's.
fn without_tls(address: &Uri) -> Uri {
    let mut parts = address.clone().into_parts();
    parts.scheme = Some(Scheme::HTTP);
    Uri::from_parts(parts).unwrap_or_else(|_| address.clone())
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
            ["", "auth:8080", "ftp://auth", "https://auth/api", "http://auth/api", "http://a@auth", "http://"]
        {
            let error = with(address).validate().unwrap_err().to_string();
            assert!(error.starts_with("peers.auth must be"), "{error}");
        }
    }

    /// S3: nobody is spoken with over TLS whom nobody could know.
    #[test]
    fn tls_needs_an_authority() {
        let mut peers = PeerAddresses { auth: "https://auth:8080".into(), ..PeerAddresses::default() };
        assert_eq!(peers.validate(), Err(PeerAddressError::NoAuthority("auth")));
        peers.tls.ca_file = Some("ca.pem".into());
        assert_eq!(peers.validate(), Ok(()));
    }

    #[test]
    fn plain_addresses_of_other_machines_are_exposed() {
        let with = |auth: &str| PeerAddresses { auth: auth.into(), ..PeerAddresses::default() };
        for address in ["http://auth:8080", "http://10.1.2.3:1", "http://[2001:db8::1]:1"] {
            assert!(with(address).is_exposed("auth"), "{address}");
        }
        for address in ["http://localhost:8080", "http://127.0.0.1:1", "http://[::1]:80", "https://auth:1"] {
            assert!(!with(address).is_exposed("auth"), "{address}");
        }
    }
}
