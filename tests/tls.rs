//! Certificates, with a real server: nginx, and authorities that this test makes.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

#[path = "support/nginx.rs"]
mod nginx;
mod support;

use std::path::Path;

use nginx::{Authority, NGINX, Server, identity};
use support::{Home, said};

#[test]
fn a_certificate_is_accepted_only_through_the_trust_store() {
    let test = "a_certificate_is_accepted_only_through_the_trust_store";
    if !Path::new(NGINX).exists() {
        support::skip(test, "nginx is not installed");
        return;
    }
    if support::opted_out_here(test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new(folder.path(), "ours");
    let other = Authority::new(folder.path(), "other");
    let make = |name: &str, host: &str, expired, authority| identity(folder.path(), name, host, expired, authority);
    let modern = "TLSv1.2 TLSv1.3";
    let server = Server::start(
        folder.path(),
        &[
            (make("good", "localhost", false, Some(&ours)), modern),
            (make("address", "127.0.0.1", false, Some(&ours)), modern),
            (make("expired", "localhost", true, Some(&ours)), modern),
            (make("elsewhere", "posthog.example.org", false, Some(&ours)), modern),
            (make("unknown", "localhost", false, Some(&other)), modern),
            (make("self", "localhost", false, None), modern),
            (make("old", "localhost", false, Some(&ours)), "TLSv1.1"),
        ],
    );
    let ask = |port: u16, host: &str, store: &Path| {
        let home = Home::new();
        home.configure(&format!("url = \"https://{host}:{port}/capture/\"\n"));
        said(&home.start().with("SSL_CERT_FILE", store.to_str().unwrap()).run())
    };
    let fails = |code| ("000".to_owned(), String::new(), code);
    let [good, address, expired, elsewhere, unknown, own, old] = server.ports[..] else { panic!("seven servers") };
    assert_eq!(ask(good, "localhost", &ours.file), ("200".into(), String::new(), 0));
    assert_eq!(ask(address, "127.0.0.1", &ours.file), ("200".into(), String::new(), 0));
    assert_eq!(server.answered(), 2);
    for (what, port) in [
        ("expired", expired),
        ("for another name", elsewhere),
        ("of an unknown authority", unknown),
        ("self-signed", own),
    ] {
        assert_eq!(ask(port, "localhost", &ours.file), fails(60), "{what}");
    }
    assert_eq!(ask(old, "localhost", &ours.file), fails(35), "TLS 1.1");
    // A store that is named and cannot be read, or is empty, trusts nobody: nothing else steps in.
    assert_eq!(ask(good, "localhost", Path::new("/nonexistent")), fails(60));
    assert_eq!(ask(good, "localhost", &other.file), fails(60));
    assert_eq!(server.answered(), 2, "a request arrived although the certificate was not accepted");
}
