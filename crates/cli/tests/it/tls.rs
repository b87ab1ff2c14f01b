use std::{net::TcpStream, sync::Arc};

use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};

/// A certificate for `localhost` and its key.
pub(crate) struct Identity {
    pub(crate) pem: String,
    config: Arc<ServerConfig>,
}

impl Identity {
    pub(crate) fn new() -> Self {
        let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.expect("the provider has them").with_no_client_auth();
        let config = builder.with_single_cert(vec![signed.cert.der().clone()], key).expect("they fit");
        Self { pem: signed.cert.pem(), config: Arc::new(config) }
    }

    pub(crate) fn accept(&self, tcp: TcpStream) -> StreamOwned<ServerConnection, TcpStream> {
        let connection = ServerConnection::new(Arc::clone(&self.config)).expect("the config is good");
        StreamOwned::new(connection, tcp)
    }
}
