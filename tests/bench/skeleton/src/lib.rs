//! What an app would pay for the core's dependencies if they did nothing for it.
//!
//! A call of each that the linker can't leave out, and no more: `cargo xtask bench --only packages`
//! compares the library's size with this one's. What is worked on comes from outside, so that
//! nothing is computed beforehand. A feature is a dependency with what only comes with it.

use ring::digest::{SHA256, digest};

/// A call failed; the skeleton tells nothing more.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum Failed {
    /// Whatever it was.
    #[error("failed")]
    Failed,
}

/// The result of a call.
pub type Done<T> = Result<T, Failed>;

/// Anything that fails, told alike.
#[allow(dead_code, reason = "without any feature nothing fails")]
fn or_failed<T, E>(result: Result<T, E>) -> Done<T> {
    result.map_err(|_| Failed::Failed)
}

/// A hash and a signature, as every tree with ring has them.
#[uniffi::export]
pub fn signed(seed: Vec<u8>, text: Vec<u8>) -> Done<Vec<u8>> {
    let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(&seed);
    let hash = digest(&SHA256, &text);
    Ok(or_failed(pair)?.sign(hash.as_ref()).as_ref().to_vec())
}

/// A cipher, as every tree with ring has it.
#[uniffi::export]
pub fn encrypted(key: Vec<u8>, mut text: Vec<u8>) -> Done<Vec<u8>> {
    use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    let key = LessSafeKey::new(or_failed(UnboundKey::new(&AES_256_GCM, &key))?);
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    or_failed(key.seal_in_place_append_tag(nonce, Aad::empty(), &mut text))?;
    Ok(text)
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::{Done, or_failed};

    /// A statement on a database, and a number out of it.
    #[uniffi::export]
    pub(crate) fn counted(path: String, statement: String) -> Done<i64> {
        let connection = or_failed(rusqlite::Connection::open(path))?;
        or_failed(connection.execute_batch(&statement))?;
        or_failed(connection.query_one("SELECT count(*) FROM t", [], |row| row.get(0)))
    }
}

#[cfg(feature = "network")]
mod network {
    use std::sync::Arc;

    use super::{Done, Failed, or_failed};

    /// One request, over TLS and maybe a proxy.
    #[uniffi::export]
    pub(crate) fn fetched(url: String, proxy: String, body: Vec<u8>) -> Done<Vec<u8>> {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = or_failed(runtime.enable_all().build())?;
        runtime.block_on(async {
            let proxy = or_failed(reqwest::Proxy::all(proxy))?;
            let client = reqwest::Client::builder().tls_backend_preconfigured(config()?);
            let client = or_failed(client.proxy(proxy).http1_only().build())?;
            let answer = or_failed(client.patch(url).body(body).send().await)?;
            Ok(or_failed(answer.bytes().await)?.to_vec())
        })
    }

    fn config() -> Result<rustls::ClientConfig, Failed> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider);
        let mut roots = rustls::RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let config = or_failed(config.with_safe_default_protocol_versions())?;
        Ok(config.with_root_certificates(roots).with_no_client_auth())
    }
}

#[cfg(feature = "age")]
mod sealing {
    use std::io::{Read, Write};

    use super::{Done, or_failed};

    /// Sealed to a key and opened, then sealed under a passphrase and opened; a tar in between.
    #[uniffi::export]
    pub(crate) fn sealed(name: String, text: Vec<u8>, passphrase: String) -> Done<Vec<u8>> {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        let mut tar = tar::Builder::new(Vec::new());
        or_failed(tar.append_data(&mut header, name, text.as_slice()))?;
        let identity = age::x25519::Identity::generate();
        let recipient = identity.to_public();
        let recipients = std::iter::once(&recipient as &dyn age::Recipient);
        let to_key = or_failed(age::Encryptor::with_recipients(recipients))?;
        let plain = opened(written(to_key, &or_failed(tar.into_inner())?)?, &identity)?;
        let words = age::secrecy::SecretString::from(passphrase);
        let under_words = age::Encryptor::with_user_passphrase(words.clone());
        opened(written(under_words, &plain)?, &age::scrypt::Identity::new(words))
    }

    fn written(encryptor: age::Encryptor, plain: &[u8]) -> Done<Vec<u8>> {
        let mut output = or_failed(encryptor.wrap_output(Vec::new()))?;
        or_failed(output.write_all(plain))?;
        or_failed(output.finish())
    }

    fn opened(sealed: Vec<u8>, identity: &dyn age::Identity) -> Done<Vec<u8>> {
        let decryptor = or_failed(age::Decryptor::new_buffered(sealed.as_slice()))?;
        let mut plain = Vec::new();
        let mut reader = or_failed(decryptor.decrypt(std::iter::once(identity)))?;
        or_failed(reader.read_to_end(&mut plain))?;
        let mut files = tar::Archive::new(plain.as_slice());
        for file in or_failed(files.entries())? {
            or_failed(file)?;
        }
        Ok(plain)
    }
}

#[cfg(feature = "unicode")]
mod unicode {
    use icu_normalizer::ComposingNormalizerBorrowed;
    use icu_properties::props::{
        Alphabetic, BidiControl, BinaryProperty, DefaultIgnorableCodePoint, EnumeratedProperty,
        GeneralCategory,
    };

    /// Normal text, without what hides in it.
    #[uniffi::export]
    pub(crate) fn cleaned(text: String) -> String {
        let shown = |c: &char| {
            !BidiControl::for_char(*c)
                && !DefaultIgnorableCodePoint::for_char(*c)
                && (Alphabetic::for_char(*c)
                    || GeneralCategory::for_char(*c) != GeneralCategory::Control)
        };
        let text: String = text.chars().filter(shown).collect();
        ComposingNormalizerBorrowed::new_nfc().normalize(&text).into_owned()
    }
}

#[cfg(feature = "texts")]
mod texts {
    use fluent_bundle::concurrent::FluentBundle;
    use fluent_bundle::{FluentArgs, FluentResource};

    use super::{Done, Failed, or_failed};

    /// A sentence of a Fluent file.
    #[uniffi::export]
    pub(crate) fn sentence(file: String, id: String, count: i64) -> Done<String> {
        let mut bundle = FluentBundle::new_concurrent(vec!["en".parse().unwrap_or_default()]);
        or_failed(bundle.add_resource(or_failed(FluentResource::try_new(file))?))?;
        let mut arguments = FluentArgs::new();
        arguments.set("count", count);
        let pattern = bundle.get_message(&id).and_then(|message| message.value());
        let pattern = pattern.ok_or(Failed::Failed)?;
        Ok(bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned())
    }
}

#[cfg(feature = "rest")]
mod rest {
    use bech32::{Bech32, Hrp};

    use super::{Done, or_failed};

    /// What a passphrase becomes.
    #[uniffi::export]
    pub(crate) fn hardened(words: Vec<u8>, salt: Vec<u8>) -> Done<Vec<u8>> {
        let mut key = vec![0; 32];
        or_failed(argon2::Argon2::default().hash_password_into(&words, &salt, &mut key))?;
        let name = or_failed(Hrp::parse("skeleton"))?;
        Ok(or_failed(bech32::encode_upper::<Bech32>(name, &key))?.into_bytes())
    }

    /// A record with a time in it, from JSON and back.
    #[uniffi::export]
    pub(crate) fn noted(json: String) -> Done<String> {
        let mut note: Note = or_failed(serde_json::from_str(&json))?;
        let time = or_failed(chrono::DateTime::parse_from_rfc2822(&note.at))?;
        note.at = time.with_timezone(&chrono::Local).to_rfc3339();
        note.key = data_encoding::HEXLOWER.encode(note.key.as_bytes());
        or_failed(serde_json::to_string(&note))
    }

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Note {
        at: String,
        key: String,
    }

    /// The modules of a QR code over what was compressed.
    #[uniffi::export]
    pub(crate) fn drawn(packed: Vec<u8>) -> Done<Vec<u8>> {
        let plain = or_failed(miniz_oxide::inflate::decompress_to_vec_zlib(&packed))?;
        let code = or_failed(qrcode::QrCode::new(plain))?;
        Ok(code.to_colors().into_iter().map(|color| color.select(1, 0)).collect())
    }
}

uniffi::setup_scaffolding!();
