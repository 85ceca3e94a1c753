//! Name resolution by the system, with an error of our own type.
//!
//! reqwest's own resolver hides its failure in a private type, and "the name is not known" must be
//! told from "the server refuses". With a SOCKS proxy nothing here is ever called.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

/// The system did not find an address for the server's name.
#[derive(Debug, thiserror::Error)]
#[error("no address for the server's name")]
pub(super) struct NameNotFound;

/// Asks the system.
#[derive(Debug)]
pub(super) struct SystemNames;

impl Resolve for SystemNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = lookup_host((name.as_str(), 0)).await.map_err(|_| NameNotFound)?;
            let addresses: Vec<_> = found.collect();
            if addresses.is_empty() {
                return Err(NameNotFound.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
