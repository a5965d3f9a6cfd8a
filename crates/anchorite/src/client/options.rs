//! How the client opens a database. Filled by applications, read by both ends.

use std::time::Duration;

/// How a [`Database`](crate::Database) is opened; a name alone is enough.
///
/// ```
/// use std::time::Duration;
///
/// let options = anchorite::OpenOptions::new("notes.db")
///     .package("/static/anchorite/")
///     .directory("target/data")
///     .busy_timeout(Duration::from_secs(1));
/// # drop(options);
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(
    not(all(target_family = "wasm", target_os = "unknown")),
    expect(dead_code, reason = "natively nothing is served")
)]
pub struct OpenOptions {
    pub(crate) name: String,
    pub(crate) create: bool,
    pub(crate) readonly: bool,
    pub(crate) busy_timeout: Duration,
    pub(crate) package: String,
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    pub(crate) directory: std::path::PathBuf,
}

impl OpenOptions {
    /// Those of a database by its name: in a browser a path in OPFS, natively one below
    /// [`directory`](Self::directory); or `":memory:"`.
    ///
    /// ```
    /// let options = anchorite::OpenOptions::new("archive/2026.db");
    /// # drop(options);
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            create: true,
            readonly: false,
            busy_timeout: Duration::from_secs(5),
            package: "/anchorite/".to_owned(),
            #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
            directory: ".".into(),
        }
    }

    /// Whether a database is made where there is none; it is by default.
    ///
    /// ```
    /// let options = anchorite::OpenOptions::new("notes.db").create(false);
    /// # drop(options);
    /// ```
    #[must_use]
    pub fn create(self, create: bool) -> Self {
        Self { create, ..self }
    }

    /// Whether nothing may be changed; the database must be there. By default it may.
    ///
    /// ```
    /// let options = anchorite::OpenOptions::new("notes.db").readonly(true);
    /// # drop(options);
    /// ```
    #[must_use]
    pub fn readonly(self, readonly: bool) -> Self {
        Self { readonly, ..self }
    }

    /// How long a call waits for another connection before it is `SQLITE_BUSY`, in whole
    /// milliseconds; 5 s by default.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let options = anchorite::OpenOptions::new("notes.db").busy_timeout(Duration::ZERO);
    /// # drop(options);
    /// ```
    #[must_use]
    pub fn busy_timeout(self, busy_timeout: Duration) -> Self {
        Self {
            busy_timeout,
            ..self
        }
    }

    /// In a browser: the folder from which the application serves the files of the npm package, its
    /// `dist`, as a URL; relative ones to the page. `/anchorite/` by default.
    ///
    /// All `.js` and both `.wasm` files of that folder are to be there under their names.
    ///
    /// ```
    /// let options = anchorite::OpenOptions::new("notes.db").package("static/anchorite/");
    /// # drop(options);
    /// ```
    #[must_use]
    pub fn package(self, url: impl Into<String>) -> Self {
        Self {
            package: url.into(),
            ..self
        }
    }

    /// Natively: the folder in which databases are; the current one by default. Ignored in a
    /// browser.
    ///
    /// ```
    /// let options = anchorite::OpenOptions::new("notes.db").directory("target/data");
    /// # drop(options);
    /// ```
    #[must_use]
    pub fn directory(self, directory: impl Into<std::path::PathBuf>) -> Self {
        #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
        return Self {
            directory: directory.into(),
            ..self
        };
        #[cfg(all(target_family = "wasm", target_os = "unknown"))]
        {
            drop(directory);
            self
        }
    }
}

impl From<&str> for OpenOptions {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for OpenOptions {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}
