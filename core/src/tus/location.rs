//! Where an upload lives, made from a `Location` header that a proxy may have bent.
//!
//! Servers behind a proxy say `http`, leave the port out or answer with a path only. The way to
//! them is the one that already worked: scheme, host and port of the collection. A downgrade to
//! http therefore cannot happen, and another host is refused, because the token would go there.

use url::Url;

/// Resolves `location` against `endpoint`; nothing when it leads to another host.
pub(super) fn resolve(endpoint: &str, location: &str) -> Option<String> {
    let endpoint = Url::parse(endpoint).ok()?;
    let mut found = endpoint.join(location).ok()?;
    let web = matches!(found.scheme(), "http" | "https");
    let port_fits = found.port_or_known_default() == endpoint.port_or_known_default()
        // Without its port, or with http's in front of a TLS proxy: an artefact, not a place.
        || found.port().is_none();
    if !web || found.host() != endpoint.host() || !port_fits {
        return None;
    }
    found.set_scheme(endpoint.scheme()).ok()?;
    found.set_port(endpoint.port()).ok()?;
    found.set_username("").ok()?;
    found.set_password(None).ok()?;
    found.set_fragment(None);
    Some(found.into())
}

/// Whether two absolute URLs have the same scheme, host and port.
pub fn same_origin(one: &str, other: &str) -> bool {
    match (Url::parse(one), Url::parse(other)) {
        (Ok(one), Ok(other)) => one.origin().is_tuple() && one.origin() == other.origin(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: &str = "https://desk.test:8443/files/";

    #[test]
    fn every_way_to_write_the_same_place_leads_there() {
        for location in [
            "42",
            "/files/42",
            "//desk.test:8443/files/42",
            "https://desk.test:8443/files/42",
            "https://desk.test/files/42",
            "http://desk.test/files/42",
            "http://desk.test:8443/files/42",
            "http://user:word@desk.test/files/42#top",
        ] {
            assert_eq!(
                resolve(ENDPOINT, location).as_deref(),
                Some("https://desk.test:8443/files/42"),
                "{location}"
            );
        }
    }

    #[test]
    fn a_query_stays_because_some_servers_keep_the_upload_id_there() {
        let found = resolve(ENDPOINT, "http://desk.test/files?id=42");
        assert_eq!(found.as_deref(), Some("https://desk.test:8443/files?id=42"));
    }

    #[test]
    fn another_host_port_or_scheme_is_refused() {
        for location in [
            "https://evil.test:8443/files/42",
            "https://desk.test:9999/files/42",
            "//evil.test/files/42",
            "ftp://desk.test:8443/files/42",
            "data:text/plain,42",
            "https://",
        ] {
            assert_eq!(resolve(ENDPOINT, location), None, "{location}");
        }
    }

    #[test]
    fn origins_are_compared_with_their_default_ports() {
        assert!(same_origin("https://desk.test/a", "https://desk.test:443/b"));
        assert!(!same_origin("https://desk.test/a", "http://desk.test/a"));
        assert!(!same_origin("data:a", "data:a"));
    }
}
