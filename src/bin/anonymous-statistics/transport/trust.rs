//! The certificates that are trusted.

use std::path::PathBuf;
use std::sync::Arc;

use anonymous_statistics::files::{self, Links};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use ureq::tls::{Certificate, RootCerts};

/// Files in a folder of `SSL_CERT_DIR`. Debian's has about 450: each certificate under three names.
const TRUST_STORE_FILES: usize = 4096;

/// Bytes of all certificate files. Debian's trust store has about 220 KB, and its folder each certificate three times.
const TRUST_STORE_BYTES: usize = 16 * 1024 * 1024;

pub(super) fn nobody() -> RootCerts {
    RootCerts::Specific(Arc::default())
}

/// The trust store of the environment, in curl's order (curl(1), ENVIRONMENT): `CURL_CA_BUNDLE` alone, else
/// `SSL_CERT_FILE` and `SSL_CERT_DIR`, else the system's. Mozilla's roots count only where a system has no store at
/// all: a store that is named and cannot be read must not widen what is trusted.
pub(super) fn trusted() -> RootCerts {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let (bundle, file, folders) = (named("CURL_CA_BUNDLE"), named("SSL_CERT_FILE"), named("SSL_CERT_DIR"));
    let certificates = match (bundle, file, folders) {
        (None, None, None) => match systems() {
            Some(certificates) => certificates,
            None => return RootCerts::WebPki,
        },
        (Some(bundle), _, _) => certificates([bundle.into()]),
        (None, file, folders) => {
            let folders = folders.unwrap_or_default();
            certificates(file.map(PathBuf::from).into_iter().chain(std::env::split_paths(&folders).flat_map(inside)))
        }
    };
    RootCerts::Specific(Arc::new(certificates.iter().map(|der| Certificate::from_der(der).to_owned()).collect()))
}

/// `None`: the system has no store.
#[cfg(target_os = "macos")]
fn systems() -> Option<Vec<CertificateDer<'static>>> {
    let store = rustls_native_certs::load_native_certs();
    (!store.certs.is_empty() || !store.errors.is_empty()).then_some(store.certs)
}

/// `None`: the system has no store. Where it has one file with all certificates, its folder has the same ones again
/// (update-ca-certificates(8)), under three names each.
#[cfg(not(target_os = "macos"))]
fn systems() -> Option<Vec<CertificateDer<'static>>> {
    let store = openssl_probe::probe();
    match store.cert_file {
        Some(file) => Some(certificates([file])),
        None if store.cert_dir.is_empty() => None,
        None => Some(certificates(store.cert_dir.into_iter().flat_map(inside))),
    }
}

/// The files of a folder.
fn inside(folder: PathBuf) -> impl Iterator<Item = PathBuf> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.take(TRUST_STORE_FILES).map(|file| file.path())
}

/// The certificates in files, up to the limit. A pipe could block an unlimited read, and a device could fill the
/// memory.
fn certificates(files: impl IntoIterator<Item = PathBuf>) -> Vec<CertificateDer<'static>> {
    let mut left = TRUST_STORE_BYTES;
    let mut found = Vec::new();
    for path in files {
        let Ok(text) = files::read(&path, Links::Follow, left) else { continue };
        left = left.saturating_sub(text.len());
        found.extend(CertificateDer::pem_slice_iter(&text).filter_map(Result::ok));
    }
    // A folder has several links to each certificate (openssl-rehash(1)).
    found.sort_unstable_by(|one: &CertificateDer<'_>, other| one.as_ref().cmp(other.as_ref()));
    found.dedup();
    found
}
