//! Proxies: a real squid between the sender and nginx.

#![allow(unreachable_pub, reason = "as in the other tests' modules")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

mod beside_curl;
mod settings;

use std::path::Path;

use testkit::nginx::{Authority, NGINX, Server, identity};
use testkit::squid::{HOST, PASSWORDS, SQUID, Squid};
use testkit::{Home, said, this_test};

/// Whether a program is missing, which is a skip.
fn is_missing(test: &str, programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| !Path::new(program).exists());
    if let Some(missing) = missing {
        testkit::skip(test, &format!("{missing} is not installed"));
    }
    missing.is_some()
}

#[test]
fn an_event_goes_through_a_proxy_and_its_password_goes_nowhere_else() {
    let test = this_test!();
    if is_missing(test, &[NGINX, SQUID, PASSWORDS]) || testkit::opted_out_here(test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    testkit::set_mode(folder.path(), 0o755);
    let authority = Authority::new(folder.path(), "ours");
    let server = Server::start(
        folder.path(),
        &[(identity(folder.path(), "good", HOST, false, Some(&authority)), "TLSv1.2 TLSv1.3")],
    );
    let open = Squid::start(&folder.path().join("open"), false, None);
    let closed = Squid::start(&folder.path().join("closed"), true, None);

    let home = Home::new();
    home.configure(&format!("url = \"https://{HOST}:{}/capture/\"\napi_key = \"k\"\n", server.ports[0]));
    let call = home.start().with("SSL_CERT_FILE", authority.file.to_str().unwrap());
    let via = |name: &str, url: &str| said(&call.clone().with(name, url).run());
    let fails = |code| ("000".to_owned(), String::new(), code);
    let open_url = format!("http://127.0.0.1:{}", open.port);
    let with = |login: &str| format!("http://{login}127.0.0.1:{}", closed.port);

    for name in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        assert_eq!(via(name, &open_url), ("200".into(), String::new(), 0), "{name}");
    }
    assert_eq!(via("https_proxy", &with("joe:secret@")), ("200".into(), String::new(), 0));
    assert_eq!(server.answered(), 5);
    assert!(open.log().contains(&format!("CONNECT {HOST}:")), "{}", open.log());

    assert_eq!(via("https_proxy", &with("joe:wrong@")), fails(56), "a wrong password");
    assert_eq!(via("https_proxy", &with("")), fails(56), "no password");
    assert_eq!(via("https_proxy", "http://127.0.0.1:9"), fails(7), "nobody listens there");
    assert_eq!(server.answered(), 5);
    // No file or output contains the password, plain or as in the header ("joe:secret", RFC 4648).
    for file in home.tree().iter().filter(|path| path.is_file()) {
        let content = String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
        assert!(!content.contains("secret") && !content.contains("am9lOnNlY3JldA"), "{}", file.display());
    }
}
