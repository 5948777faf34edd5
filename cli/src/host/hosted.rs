//! Which services a process hosts, and where it listens by default.

use std::net::{Ipv4Addr, SocketAddr};

use clap::ValueEnum;

/// A service by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum ServiceName {
    /// Accounts, users, sessions, API keys and API clients.
    Auth,
    /// Pictures and the faces in them.
    Detection,
    /// Inference.
    Engine,
    /// The edge: what users talk to.
    Gateway,
    /// Mail, and the list of all jobs.
    Notifications,
}

/// The services of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hosted(Vec<ServiceName>);

impl ServiceName {
    /// As it is typed, and as its database and its section of the configuration are called.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Detection => "detection",
            Self::Engine => "engine",
            Self::Gateway => "gateway",
            Self::Notifications => "notifications",
        }
    }

    /// Its place behind the ports 8090 and 9090, so that all fit on one machine.
    const fn offset(self) -> u16 {
        match self {
            Self::Gateway => 0,
            Self::Auth => 1,
            Self::Detection => 2,
            Self::Engine => 3,
            Self::Notifications => 4,
        }
    }
}

impl Hosted {
    /// The whole product.
    pub(crate) fn all() -> Self {
        Self(ServiceName::value_variants().to_vec())
    }

    /// Some of it; a name that is given twice counts once.
    pub(crate) fn some(mut names: Vec<ServiceName>) -> Self {
        names.sort_unstable();
        names.dedup();
        Self(names)
    }

    pub(crate) fn has(&self, name: ServiceName) -> bool {
        self.0.contains(&name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|name| name.as_str())
    }

    /// Whether nothing is left to other processes.
    pub(crate) fn is_all(&self) -> bool {
        self.0.len() == ServiceName::value_variants().len()
    }

    /// Whether users talk to it.
    pub(crate) fn is_public(&self) -> bool {
        self.has(ServiceName::Gateway)
    }

    /// Whether other processes talk to it: no gateway is asked by another one.
    pub(crate) fn is_internal(&self) -> bool {
        !self.is_all() && self.0.iter().any(|name| *name != ServiceName::Gateway)
    }

    /// Where other processes find it by default.
    pub(crate) fn internal_listen(&self) -> SocketAddr {
        let inner = self.0.iter().find(|name| **name != ServiceName::Gateway);
        (Ipv4Addr::LOCALHOST, 8090 + inner.map_or(0, |name| name.offset())).into()
    }

    /// Where operators find it by default.
    pub(crate) fn admin_listen(&self) -> SocketAddr {
        let offset = self.0.iter().map(|name| name.offset()).min();
        (Ipv4Addr::LOCALHOST, 9090 + offset.unwrap_or(0)).into()
    }
}

#[cfg(test)]
mod tests {
    use prosopa_runtime::PeerAddresses;

    use super::*;

    /// S4: services that are started beside each other without a word find each other.
    #[test]
    fn every_service_listens_where_the_others_look_for_it() {
        let peers = PeerAddresses::default();
        for name in ServiceName::value_variants() {
            let hosted = Hosted::some(vec![*name]);
            if hosted.is_internal() {
                let found = peers.find(name.as_str()).unwrap();
                assert_eq!(found.to_string(), format!("http://{}/", hosted.internal_listen()));
            }
        }
    }

    #[test]
    fn no_two_services_take_one_port() {
        let single = |name: &ServiceName| Hosted::some(vec![*name]);
        let mut ports: Vec<_> = ServiceName::value_variants()
            .iter()
            .map(single)
            .flat_map(|hosted| [hosted.admin_listen(), hosted.internal_listen()])
            .collect();
        let count = ports.len();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), count);
    }
}
