//! The file that keeps logins and API keys, one of each per server. It is readable by its owner only, replaced as a whole, and locked by
//! whoever changes it, so that two processes never spend one refresh token. It knows nothing of HTTP.

mod private;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use private::{create_private_folder, exposed_mode, private};

const FORMAT_VERSION: u32 = 1;
/// Largest file that is read, in bytes.
const FILE_LIMIT_BYTES: u64 = 1024 * 1024;

/// The logins of this user on this machine.
#[derive(Debug, Clone)]
pub(crate) struct CredentialStore {
    path: PathBuf,
}

/// One login.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Login {
    /// The name that was signed in with.
    pub(crate) user_name: String,
    /// Short-lived token that is sent with requests.
    #[serde(serialize_with = "expose")]
    pub(crate) access_token: SecretString,
    /// Token that buys the next pair, once.
    #[serde(serialize_with = "expose")]
    pub(crate) refresh_token: SecretString,
}

/// An API key that was made to be kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct KeptKey {
    /// Id (`key_…`).
    pub(crate) id: String,
    /// What it is sent as.
    #[serde(serialize_with = "expose")]
    pub(crate) key: SecretString,
}

/// Why the file could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no place for it.
    #[error(
        "there is no place for the credentials file: neither PROSOPA_CREDENTIALS, XDG_CONFIG_HOME nor HOME is set"
    )]
    NoPlace,
    /// Others could read the tokens.
    #[error("the credentials file {} can be read by other users (mode {mode:04o})", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds something else.
    #[error("the credentials file {} is not one that this version can read", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("cannot {action} the credentials file {}: {cause}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
}

impl Error {
    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::NoPlace => Some("set PROSOPA_CREDENTIALS to a path, or pass PROSOPA_TOKEN".to_owned()),
            Self::Exposed { path, .. } => Some(format!(
                "run `chmod 600 {}`; if others may have read it, log out and in again",
                path.display()
            )),
            Self::Malformed { .. } => Some("move it away and run `prosopa login`".to_owned()),
            Self::Io { .. } => None,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Contents {
    version: u32,
    servers: BTreeMap<String, Login>,
    /// API keys, by server.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    keys: BTreeMap<String, KeptKey>,
}

/// Exclusive right to change the file, across processes, until dropped.
#[derive(Debug)]
pub(crate) struct Change {
    store: CredentialStore,
    _lock: File,
}

impl CredentialStore {
    /// The store at `PROSOPA_CREDENTIALS`, else in `XDG_CONFIG_HOME`, else in `~/.config`.
    pub(crate) fn from_environment() -> Result<Self, Error> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let path = variable("PROSOPA_CREDENTIALS")
            .or_else(|| {
                let folder = variable("XDG_CONFIG_HOME").filter(|folder| folder.is_absolute());
                let folder = folder.or_else(|| variable("HOME").map(|home| home.join(".config")))?;
                Some(folder.join("prosopa").join("credentials.json"))
            })
            .ok_or(Error::NoPlace)?;
        Ok(Self { path })
    }

    /// Where the file is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The login at a server, if there is one.
    pub(crate) fn load(&self, server: &str) -> Result<Option<Login>, Error> {
        Ok(self.read()?.servers.remove(server))
    }

    /// The API key that is kept for a server, if there is one.
    pub(crate) fn load_key(&self, server: &str) -> Result<Option<KeptKey>, Error> {
        Ok(self.read()?.keys.remove(server))
    }

    /// Waits for the right to change the file. Blocks: call it where blocking is allowed.
    pub(crate) fn change(&self) -> Result<Change, Error> {
        let folder = self.folder();
        if !folder.as_os_str().is_empty() && !folder.exists() {
            create_private_folder(folder).map_err(|cause| self.failed("make a folder for", cause))?;
        }
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let lock = private(&mut options)
            .open(self.sibling("lock"))
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|cause| self.failed("lock", cause))?;
        Ok(Change { store: self.clone(), _lock: lock })
    }

    fn read(&self) -> Result<Contents, Error> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let (servers, keys) = (BTreeMap::new(), BTreeMap::new());
                return Ok(Contents { version: FORMAT_VERSION, servers, keys });
            }
            Err(cause) => return Err(self.failed("open", cause)),
        };
        self.refuse_exposed(&file)?;
        let mut text = Vec::new();
        (&mut file)
            .take(FILE_LIMIT_BYTES)
            .read_to_end(&mut text)
            .map_err(|cause| self.failed("read", cause))?;
        match serde_json::from_slice::<Contents>(&text) {
            Ok(contents) if contents.version == FORMAT_VERSION => Ok(contents),
            _ => Err(Error::Malformed { path: self.path.clone() }),
        }
    }

    fn refuse_exposed(&self, file: &File) -> Result<(), Error> {
        match exposed_mode(file).map_err(|cause| self.failed("read", cause))? {
            Some(mode) => Err(Error::Exposed { path: self.path.clone(), mode }),
            None => Ok(()),
        }
    }

    /// Writes a new file beside the old one and puts it in its place.
    fn write(&self, contents: &Contents) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(contents).map_err(|cause| self.failed("write", cause.into()))?;
        let new = self.sibling("new");
        let write = || {
            // Only the holder of the lock is here: what lies there is what an interrupted process left.
            match fs::remove_file(&new) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut options = OpenOptions::new();
            options.create_new(true).write(true);
            let mut file = private(&mut options).open(&new)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        };
        write().map_err(|cause| self.failed("write", cause))
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    fn sibling(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".");
        name.push(suffix);
        self.folder().join(name)
    }

    fn failed(&self, action: &'static str, cause: io::Error) -> Error {
        Error::Io { action, path: self.path.clone(), cause }
    }
}

impl Change {
    /// The login at a server as it is now that nobody else can change it.
    pub(crate) fn load(&self, server: &str) -> Result<Option<Login>, Error> {
        self.store.load(server)
    }

    /// Keeps a login for a server.
    pub(crate) fn save(&self, server: &str, login: Login) -> Result<(), Error> {
        let mut contents = self.store.read()?;
        contents.servers.insert(server.to_owned(), login);
        self.store.write(&contents)
    }

    /// Keeps an API key for a server.
    pub(crate) fn save_key(&self, server: &str, key: KeptKey) -> Result<(), Error> {
        let mut contents = self.store.read()?;
        contents.keys.insert(server.to_owned(), key);
        self.store.write(&contents)
    }

    /// Forgets login and API key at a server; gives the key's id.
    pub(crate) fn forget(&self, server: &str) -> Result<Option<String>, Error> {
        let mut contents = self.store.read()?;
        let (login, key) = (contents.servers.remove(server), contents.keys.remove(server));
        if login.is_some() || key.is_some() {
            self.store.write(&contents)?;
        }
        Ok(key.map(|key| key.id))
    }
}

fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(access_token: &str) -> Login {
        Login {
            user_name: "ada".to_owned(),
            access_token: SecretString::from(access_token),
            refresh_token: SecretString::from("refresh"),
        }
    }

    /// F2: logins at several servers are kept apart, and one can be forgotten.
    #[test]
    fn logins_are_kept_per_server() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let store = CredentialStore { path: folder.path().join("a/b/credentials.json") };
        assert!(store.load("http://one")?.is_none());
        store.change()?.save("http://one", login("1"))?;
        store.change()?.save("http://two", login("2"))?;
        store.change()?.forget("http://one")?;
        assert!(store.load("http://one")?.is_none());
        assert_eq!(
            store.load("http://two")?.map(|login| login.access_token.expose_secret().to_owned()),
            Some("2".to_owned())
        );
        Ok(())
    }

    /// F2: tokens do not appear when a login is printed for debugging.
    #[test]
    fn debug_output_hides_tokens() {
        let text = format!("{:?}", login("very-secret"));
        assert!(!text.contains("very-secret") && !text.contains("refresh\""), "{text}");
    }

    /// F2: a file of another format is refused rather than overwritten.
    #[cfg(unix)]
    #[test]
    fn file_of_another_format_is_not_overwritten() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let store = CredentialStore { path: folder.path().join("credentials.json") };
        let mut options = OpenOptions::new();
        options.create_new(true).write(true);
        private(&mut options).open(store.path())?.write_all(br#"{"version":2,"servers":{}}"#)?;
        let refused = store.change()?.save("http://one", login("1"));
        assert!(matches!(refused, Err(Error::Malformed { .. })), "{refused:?}");
        Ok(())
    }
}
