//! A desk's own TLS, both sides, for what stands between its server and phones.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The certificate of the desk whose folder is `desk` towards phones, and its authority towards its
/// server.
pub fn of_desk(desk: &Path) -> io::Result<(TlsAcceptor, TlsConnector)> {
    sides(&desk.join("public/tls")).map_err(io::Error::other)
}

type Error = Box<dyn std::error::Error + Send + Sync>;

fn sides(folder: &Path) -> Result<(TlsAcceptor, TlsConnector), Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let leaf = CertificateDer::pem_file_iter(folder.join("leaf.pem"))?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(folder.join("leaf.key"))?;
    let server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(leaf, key)?;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("ca.pem"))?)?;
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok((TlsAcceptor::from(Arc::new(server)), TlsConnector::from(Arc::new(client))))
}
