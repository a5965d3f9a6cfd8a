//! `cargo xtask demo`: the built console as plain static files under the production CSP.
//!
//! `cargo xtask examples` serves by it, too. Every response carries the policy, those for missing
//! files too, and none carries COOP or COEP: this is the least a host must offer. It must not know
//! what the console does.

use std::fs;
use std::io::Cursor;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use tiny_http::{Header, Method, Request, Response, Server};

use crate::process::{self, command, root};
use crate::steps::Lane;
use crate::{build, setup};

const FIRST_PORT: u16 = 5173;
const PORTS_TRIED: u16 = 100;
const THREADS: usize = 4;

/// The options of `cargo xtask demo` and `examples`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Listen on this port; without it, on the first free one from 5173.
    #[arg(long)]
    port: Option<u16>,
    /// Open the default browser.
    #[arg(long)]
    open: bool,
}

/// A folder of files and the policy they are served under.
#[derive(Debug)]
pub(crate) struct Site {
    folder: PathBuf,
    policy: String,
}

/// What is sent for one request.
#[derive(Debug)]
struct Reply {
    status: u16,
    mime: &'static str,
    body: Vec<u8>,
}

/// `cargo xtask demo`.
pub(crate) fn run(options: &Options) -> Result<()> {
    until_interrupted(options, "The console is", console)
}

/// Builds a site, serves it, and returns never: an interrupt ends the process with exit code 0.
pub(crate) fn until_interrupted(
    options: &Options,
    what: &str,
    built: impl FnOnce() -> Result<Site>,
) -> Result<()> {
    if let Some(port) = options.port {
        bind(port)?;
    }
    let site = built()?;
    let listener = listen(options.port)?;
    let url = format!("http://{}/", listener.local_addr()?);
    serve(listener, site)?;
    process::interrupt_is_success();
    println!("\n{what} served until you press Ctrl-C:\n\n{url}\n");
    if options.open {
        open_browser(&url);
    }
    loop {
        thread::park();
    }
}

fn console() -> Result<Site> {
    prepare()?;
    let policy = fs::read_to_string(root().join("demo/csp.txt")).context("read demo/csp.txt")?;
    Site::new(&root().join("demo/dist"), &policy)
}

/// Builds the console; another build may run once it is served.
fn prepare() -> Result<()> {
    let _alone = process::alone()?;
    let lane = Lane::shown();
    setup::for_build(&lane)?;
    build::package(&lane)?;
    build::demo(&lane)
}

/// Answers requests on several threads.
fn serve(listener: TcpListener, site: Site) -> Result<()> {
    let server = Server::from_listener(listener, None);
    let server = Arc::new(server.map_err(|error| anyhow!("start the server: {error}"))?);
    let site = Arc::new(site);
    for _ in 0..THREADS {
        let (server, site) = (Arc::clone(&server), Arc::clone(&site));
        thread::spawn(move || {
            for request in server.incoming_requests() {
                answer(&site, request);
            }
        });
    }
    Ok(())
}

fn answer(site: &Site, request: Request) {
    let reply = site.reply(request.method(), request.url());
    let headers = site.headers(&reply);
    let mut response = Response::new(
        reply.status.into(),
        headers.collect(),
        Cursor::new(reply.body.as_slice()),
        Some(reply.body.len()),
        None,
    );
    response = response.with_chunked_threshold(usize::MAX);
    // A browser that goes away in the middle of a response is its own affair.
    let _gone = request.respond(response);
}

impl Site {
    pub(crate) fn new(folder: &Path, policy: &str) -> Result<Self> {
        let folder = folder.canonicalize()?;
        let policy = policy.trim().to_owned();
        Ok(Self { folder, policy })
    }

    fn reply(&self, method: &Method, url: &str) -> Reply {
        if !matches!(method, Method::Get | Method::Head) {
            return Reply::text(405, "Only GET and HEAD.\n");
        }
        match self
            .resolve(url)
            .and_then(|file| Some((mime(&file), fs::read(&file).ok()?)))
        {
            Some((mime, body)) => Reply {
                status: 200,
                mime,
                body,
            },
            None => Reply::text(404, "Not found.\n"),
        }
    }

    fn headers(&self, reply: &Reply) -> impl Iterator<Item = Header> {
        let pairs = [
            ("Content-Type", reply.mime),
            ("Content-Security-Policy", self.policy.as_str()),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-cache"),
        ];
        let header = |(name, value)| Header::from_bytes::<&str, &str>(name, value).ok();
        pairs.map(header).into_iter().flatten()
    }

    /// The file a URL names, or nothing if there is none inside the folder.
    fn resolve(&self, url: &str) -> Option<PathBuf> {
        let path = url.split(['?', '#']).next()?;
        let path = percent_decode(path.strip_prefix('/')?)?;
        let mut file = self.folder.clone();
        for part in path.split('/') {
            if is_unsafe(part) {
                return None;
            }
            file.push(part);
        }
        if file.is_dir() {
            file.push("index.html");
        }
        let file = file.canonicalize().ok()?;
        (file.starts_with(&self.folder) && file.is_file()).then_some(file)
    }
}

impl Reply {
    fn text(status: u16, text: &str) -> Self {
        let mime = "text/plain; charset=utf-8";
        Self {
            status,
            mime,
            body: text.into(),
        }
    }
}

/// Parts that could lead out of the folder on some system.
fn is_unsafe(part: &str) -> bool {
    matches!(part, "." | "..") || part.contains(['\\', '\0', ':'])
}

/// Nothing when an escape is cut short, is not hexadecimal, or does not give UTF-8.
fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex_digit(rest.next()?)? * 16 + hex_digit(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

fn mime(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt" | "md" | "sql") => "text/plain; charset=utf-8",
        Some("sqlite" | "db") => "application/vnd.sqlite3",
        _ => "application/octet-stream",
    }
}

fn listen(port: Option<u16>) -> Result<TcpListener> {
    if let Some(port) = port {
        return bind(port);
    }
    let last = FIRST_PORT + PORTS_TRIED;
    match (FIRST_PORT..last).find_map(|port| bind(port).ok()) {
        Some(listener) => Ok(listener),
        None => bail!("no port from {FIRST_PORT} to {} is free", last - 1),
    }
}

fn bind(port: u16) -> Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    listener.with_context(|| format!("cannot listen on 127.0.0.1:{port}; choose another --port"))
}

/// The browser belongs to the person: it is not ours to end.
fn open_browser(url: &str) {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    if !process::succeeds(command(opener).arg(url)) {
        println!("{opener} did not work; open the address above yourself.");
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    /// A site of its own for each test, with a file beside it that must never be served.
    fn site(name: &str) -> Site {
        let base = process::state_dir().join("serve-test").join(name);
        let folder = base.join("public");
        fs::create_dir_all(folder.join("assets")).unwrap();
        fs::write(base.join("secret.txt"), "secret").unwrap();
        fs::write(folder.join("index.html"), "<!doctype html>").unwrap();
        fs::write(folder.join("assets/a b.wasm"), b"\0asm").unwrap();
        let folder = folder.canonicalize().unwrap();
        Site {
            folder,
            policy: "default-src 'self'".to_owned(),
        }
    }

    fn get(site: &Site, url: &str) -> Reply {
        site.reply(&Method::Get, url)
    }

    fn policy_of(site: &Site, reply: &Reply) -> Option<String> {
        let field = "Content-Security-Policy";
        let mut headers = site.headers(reply);
        let header = headers.find(|header| header.field.equiv(field))?;
        Some(header.value.to_string())
    }

    #[test]
    fn the_folder_itself_gives_its_index() {
        let reply = get(&site("index"), "/?a=1#b");
        assert_eq!(
            (reply.status, reply.mime),
            (200, "text/html; charset=utf-8")
        );
    }

    #[test]
    fn names_are_percent_decoded_and_typed() {
        let reply = get(&site("decoded"), "/assets/a%20b.wasm");
        assert_eq!((reply.status, reply.mime), (200, "application/wasm"));
    }

    #[test]
    fn no_url_leads_out_of_the_folder() {
        let site = site("outside");
        let escapes = [
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/assets/../../secret.txt",
            "/..%2fsecret.txt",
            "/..%5csecret.txt",
            "//etc/passwd",
            "/%00",
            "/%zz",
            "/%f",
            "secret.txt",
        ];
        for url in escapes {
            assert_eq!(get(&site, url).status, 404, "{url}");
        }
    }

    #[test]
    fn a_link_out_of_the_folder_is_not_followed() {
        let site = site("link");
        let link = site.folder.join("link.txt");
        let _left_by_an_earlier_run = fs::remove_file(&link);
        std::os::unix::fs::symlink("../secret.txt", &link).unwrap();
        assert_eq!(get(&site, "/link.txt").status, 404);
    }

    #[test]
    fn a_missing_file_carries_the_policy_too() {
        let site = site("missing");
        let reply = get(&site, "/nothing.js");
        assert_eq!(reply.status, 404);
        assert_eq!(
            policy_of(&site, &reply).as_deref(),
            Some("default-src 'self'")
        );
    }

    #[test]
    fn only_get_and_head_are_answered() {
        let site = site("methods");
        assert_eq!(site.reply(&Method::Post, "/").status, 405);
        assert_eq!(site.reply(&Method::Head, "/").status, 200);
    }

    #[test]
    fn a_busy_port_is_named_in_the_error() {
        let taken = bind(0).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = format!("{:#}", listen(Some(port)).unwrap_err());
        assert!(error.contains(&port.to_string()), "{error}");
    }

    #[test]
    fn over_the_wire_a_404_has_the_policy_and_no_isolation_headers() {
        let listener = bind(0).unwrap();
        let address = listener.local_addr().unwrap();
        serve(listener, site("wire")).unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let request = "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 404"), "{text}");
        assert!(
            text.contains("Content-Security-Policy: default-src 'self'\r\n"),
            "{text}"
        );
        assert!(!text.contains("Cross-Origin"), "{text}");
    }
}
