//! The proxy that a person chose, for Tor or against a watched network.
//!
//! Only SOCKS5 with names resolved by the proxy: any other kind would ask the local DNS for the
//! server's name. A login of its own per report keeps Tor streams apart.

use std::fmt;

use url::Url;

use super::NetError;

/// A `socks5h` proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy(Url);

impl Proxy {
    /// Reads `socks5h://HOST:PORT` or `socks5h://USER:WORD@HOST:PORT`; any other scheme is refused.
    pub fn parse(url: &str) -> Result<Self, NetError> {
        let url = Url::parse(url).map_err(|_| NetError::BadProxy)?;
        let fits = url.scheme() == "socks5h" && url.has_host() && url.port().is_some();
        if fits { Ok(Self(url)) } else { Err(NetError::BadProxy) }
    }

    /// The same proxy under another login.
    pub fn with_login(&self, user: &str, word: &str) -> Result<Self, NetError> {
        let mut url = self.0.clone();
        url.set_username(user).map_err(|()| NetError::BadProxy)?;
        url.set_password(Some(word)).map_err(|()| NetError::BadProxy)?;
        Ok(Self(url))
    }

    /// Whether the person gave a login with it.
    pub(crate) fn has_login(&self) -> bool {
        !self.0.username().is_empty()
    }

    /// Where it listens.
    pub(super) fn host_and_port(&self) -> Option<(String, u16)> {
        let host = self.0.host_str()?.trim_matches(['[', ']']).to_owned();
        Some((host, self.0.port()?))
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Where a person hides is not for a log.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxy")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_that_resolves_names_itself_is_taken() {
        assert!(Proxy::parse("socks5h://127.0.0.1:9050").is_ok());
        for url in [
            "socks5://127.0.0.1:9050",
            "socks4a://127.0.0.1:9050",
            "http://127.0.0.1:8080",
            "socks5h://127.0.0.1",
            "127.0.0.1:9050",
        ] {
            assert_eq!(Proxy::parse(url), Err(NetError::BadProxy), "{url}");
        }
    }

    #[test]
    fn a_login_does_not_show_in_debug_output() {
        let proxy = Proxy::parse("socks5h://canary:canary@127.0.0.1:9050").unwrap();
        assert!(!format!("{proxy:?}").contains("canary"));
    }
}
