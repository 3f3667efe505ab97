//! Which certificates vouch for servers: the system's, and those of a file.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use super::net::NetError;

/// Whether the machine has root certificates, without which no `https` server is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    Some,
    None,
}

/// TLS that trusts whom the system trusts, and whom the file names.
pub(super) fn trust(ca_file: Option<&Path>) -> Result<(ClientConfig, Roots), NetError> {
    let further = match ca_file {
        Some(path) => certificates_in(path)?,
        None => Vec::new(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let (mut tls, roots) = match Verifier::new_with_extra_roots(further, Arc::clone(&provider)) {
        Ok(verifier) => {
            let tls = builder(provider)
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
                .with_no_client_auth();
            (tls, Roots::Some)
        }
        // The certificates of the file were taken before, so it is the system that has none.
        Err(error) => {
            tracing::warn!(
                "https will not work: {error}; install `ca-certificates` or set SSL_CERT_FILE"
            );
            let tls = builder(provider)
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth();
            (tls, Roots::None)
        }
    };
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((tls, roots))
}

fn builder(
    provider: Arc<CryptoProvider>,
) -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3")
}

/// The certificates of a PEM file, at least one, each fit to vouch for others.
fn certificates_in(path: &Path) -> Result<Vec<CertificateDer<'static>>, NetError> {
    let pem = std::fs::read(path).map_err(|source| NetError::CaFile {
        path: path.to_owned(),
        source,
    })?;
    let unusable = |reason: String| NetError::NoCertificate {
        path: path.to_owned(),
        reason,
    };
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(error.to_string()))?;
    if certificates.is_empty() {
        return Err(unusable("there is no `BEGIN CERTIFICATE` in it".to_owned()));
    }
    let mut store = RootCertStore::empty();
    for certificate in &certificates {
        store
            .add(certificate.clone())
            .map_err(|error| unusable(error.to_string()))?;
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_usable_certificates_is_named_with_the_reason() {
        let dir = tempfile::tempdir().unwrap();
        for (content, says) in [
            (None, "cannot read"),
            (Some(""), "BEGIN CERTIFICATE"),
            (Some("no PEM at all\n"), "BEGIN CERTIFICATE"),
            (
                Some("-----BEGIN CERTIFICATE-----\nAAAA\n"),
                "no certificate that can be used",
            ),
            (
                Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                "no certificate that can be used",
            ),
        ] {
            let path = dir.path().join("company.pem");
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            let refused = trust(Some(&path)).unwrap_err().to_string();
            assert!(refused.contains("company.pem"), "{refused}");
            assert!(refused.contains(says), "{refused}");
        }
    }
}
