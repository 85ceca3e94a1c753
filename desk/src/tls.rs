//! The desk's own certificate authority. Packs name it as the only anchor, so a phone talks to this
//! desk without trusting anybody else's authority, and a desk needs none to begin.
//!
//! The authority carries no name constraints: it is anchored in packs alone, never in a device's
//! store, and a constraint made today would make phones with today's pack refuse the certificate of
//! a host that is added tomorrow, even under its old name.

use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::error::{Error, Result};
use crate::home::{self, Home, names, read, read_text, replace_file};

/// Hosts that every desk's certificate covers: the demo and a proxy on the same machine.
const ALWAYS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

const AUTHORITY_DAYS: i64 = 20 * 365;
const LEAF_DAYS: i64 = 365;
/// A phone whose clock is a day late still gets through.
const SKEW: Duration = Duration::days(1);

/// What the server's certificate covers, so that nobody needs to parse it.
#[derive(Debug, Serialize, Deserialize)]
struct LeafNote {
    hosts: Vec<String>,
    not_after_ms: i64,
}

/// Makes the authority and a first server certificate for `hosts`.
pub fn make(home: &Home, hosts: &[String]) -> Result<()> {
    let key = KeyPair::generate().map_err(|_| Error::Certificate)?;
    let params = authority();
    let certificate = params.self_signed(&key).map_err(|_| Error::Certificate)?;
    let write = Error::io("write the certificate authority");
    home::make_file(&home.offline(names::TLS_CA_KEY), key.serialize_pem().as_bytes())
        .and_then(|()| home::make_file(&home.public(names::TLS_CA), certificate.pem().as_bytes()))
        .map_err(write)?;
    issue(home, &params, key, all_hosts(hosts))
}

/// Makes a new server certificate if today's does not cover `host`. Says whether it did.
pub fn cover(home: &Home, host: &str) -> Result<bool> {
    let note = read(&home.public(names::TLS_LEAF_NOTE), "read the certificate's note")?;
    let note: LeafNote =
        serde_json::from_slice(&note).map_err(|_| Error::Damaged("certificate's note"))?;
    let lasts = now() + Duration::days(LEAF_DAYS / 4) < from_ms(note.not_after_ms);
    if lasts && note.hosts.iter().any(|covered| covered == host) {
        return Ok(false);
    }
    let pem = read_text(&home.offline(names::TLS_CA_KEY), "read the certificate authority's key")?;
    let key = KeyPair::from_pem(&pem).map_err(|_| Error::Damaged("certificate authority's key"))?;
    let mut hosts = note.hosts;
    hosts.push(host.to_owned());
    issue(home, &authority(), key, all_hosts(&hosts))?;
    Ok(true)
}

/// The authority's certificate in DER, for a pack's anchors.
pub fn anchor(home: &Home) -> Result<Vec<u8>> {
    let pem = read(&home.public(names::TLS_CA), "read the certificate authority")?;
    certificate(&pem).map_err(|_| Error::Damaged("certificate authority"))
}

/// A certificate in PEM, as DER.
pub fn certificate(pem: &[u8]) -> Result<Vec<u8>> {
    let certificate = CertificateDer::from_pem_slice(pem);
    Ok(certificate.map_err(|_| Error::NoCertificate)?.to_vec())
}

/// What `receive` answers with. HTTP/1.1 only: HTTP/2 uploads crawl on slow links.
pub fn server(home: &Home) -> Result<Arc<ServerConfig>> {
    let leaf = home.public(names::TLS_LEAF);
    let chain = CertificateDer::pem_slice_iter(&read(&leaf, "read the certificate")?)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|_| Error::BadTls)?;
    let key = read(&home.public(names::TLS_LEAF_KEY), "read the TLS key")?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| Error::BadTls)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|_| Error::BadTls)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A ticket or session id would let the network see that two reports came from one phone.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    Ok(Arc::new(config))
}

fn authority() -> CertificateParams {
    let mut params = named("Homeward desk authority", AUTHORITY_DAYS);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

/// Whether a certificate can name `host`: an IP address, or a host name of dots, letters, digits
/// and hyphens.
fn is_host(host: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.parse::<std::net::IpAddr>().is_ok() || (host.len() <= 253 && host.split('.').all(plain))
}

fn issue(
    home: &Home,
    authority: &CertificateParams,
    key: KeyPair,
    hosts: Vec<String>,
) -> Result<()> {
    if !hosts.iter().all(|host| is_host(host)) {
        return Err(Error::BadHost);
    }
    let issuer = Issuer::from_params(authority, key);
    let mut params = named("Homeward desk", LEAF_DAYS);
    let names = CertificateParams::new(hosts.clone()).map_err(|_| Error::BadHost)?;
    params.subject_alt_names = names.subject_alt_names;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let note = LeafNote { hosts, not_after_ms: to_ms(params.not_after) };
    let key = KeyPair::generate().map_err(|_| Error::Certificate)?;
    let leaf = params.signed_by(&key, &issuer).map_err(|_| Error::Certificate)?;
    let note = serde_json::to_vec_pretty(&note).map_err(|_| Error::Certificate)?;
    // The note comes last: after a kill in between, the next build issues once more.
    put(&home.public(names::TLS_LEAF_KEY), key.serialize_pem().as_bytes())?;
    put(&home.public(names::TLS_LEAF), leaf.pem().as_bytes())?;
    put(&home.public(names::TLS_LEAF_NOTE), &note)
}

fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    replace_file(path, bytes).map_err(Error::io("write the certificate"))
}

fn named(name: &str, days: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = now() - SKEW;
    params.not_after = now() + Duration::days(days);
    params
}

fn all_hosts(hosts: &[String]) -> Vec<String> {
    let mut all: Vec<String> = ALWAYS.into_iter().map(str::to_owned).collect();
    for host in hosts {
        if !all.contains(host) {
            all.push(host.clone());
        }
    }
    all
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn to_ms(time: OffsetDateTime) -> i64 {
    time.unix_timestamp().saturating_mul(1000)
}

fn from_ms(ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(ms / 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::make_folder;

    fn made(hosts: &[String]) -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        for name in ["offline", "public", "public/tls"] {
            make_folder(&folder.path().join(name)).unwrap();
        }
        make(&home, hosts).unwrap();
        (folder, home)
    }

    fn leaf(home: &Home) -> Vec<u8> {
        std::fs::read(home.public(names::TLS_LEAF)).unwrap()
    }

    #[test]
    fn a_covered_host_keeps_its_certificate_and_a_new_one_gets_another() {
        let (_folder, home) = made(&["desk.example.org".into()]);
        let first = leaf(&home);
        assert!(!cover(&home, "desk.example.org").unwrap());
        assert!(!cover(&home, "127.0.0.1").unwrap());
        assert_eq!(leaf(&home), first);

        assert!(cover(&home, "new.example.org").unwrap());
        assert_ne!(leaf(&home), first);
        assert!(!cover(&home, "new.example.org").unwrap());
        server(&home).unwrap();
    }

    #[test]
    fn what_is_no_host_name_gets_no_certificate() {
        let (_folder, home) = made(&[]);
        for host in ["naïve.example", "a b", "", "https://desk.example", "desk..example"] {
            assert!(matches!(cover(&home, host), Err(Error::BadHost)), "{host}");
        }
    }

    #[test]
    fn a_key_of_another_certificate_is_noticed_before_listening() {
        let (_folder, home) = made(&[]);
        let other = KeyPair::generate().unwrap().serialize_pem();
        std::fs::write(home.public(names::TLS_LEAF_KEY), other).unwrap();
        assert!(matches!(server(&home), Err(Error::BadTls)));
    }
}
