//! An authority for one test machine, and what it signs.

use std::{
    fs,
    net::IpAddr,
    path::Path,
    time::{Duration, SystemTime},
};

use paas_hosts::{EngineTls, server_name};
use paas_model::HostId;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, SanType,
};

pub(crate) struct Authority {
    pub(crate) pem: String,
    key_pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "paas test hosts");
        let key = KeyPair::generate().unwrap();
        Self { pem: params.self_signed(&key).unwrap().pem(), key_pem: key.serialize_pem() }
    }

    pub(crate) fn read(directory: &Path) -> Self {
        let read = |name| fs::read_to_string(directory.join(name)).unwrap();
        Self { pem: read("ca.pem"), key_pem: read("ca-key.pem") }
    }

    /// What the control plane shows.
    pub(crate) fn client(&self) -> EngineTls {
        let (client_cert_pem, key) = self.sign(&params(ExtendedKeyUsagePurpose::ClientAuth, &[]));
        EngineTls { ca_pem: self.pem.clone(), client_cert_pem, client_key_pem: key.into() }
    }

    /// Certificate and key of a host.
    pub(crate) fn server(&self, host: HostId, ip: IpAddr) -> (String, String) {
        let mut params = params(ExtendedKeyUsagePurpose::ServerAuth, &[server_name(host)]);
        params.subject_alt_names.push(SanType::IpAddress(ip));
        self.sign(&params)
    }

    /// A certificate for a host's own key.
    pub(crate) fn sign_request(&self, csr_pem: &str, host: HostId, ip: IpAddr, days: u64) -> String {
        let mut request = CertificateSigningRequestParams::from_pem(csr_pem).unwrap();
        request.params = params(ExtendedKeyUsagePurpose::ServerAuth, &[server_name(host)]);
        request.params.subject_alt_names.push(SanType::IpAddress(ip));
        request.params.not_after = (SystemTime::now() + Duration::from_secs(days * 86_400)).into();
        request.signed_by(&self.issuer()).unwrap().pem()
    }

    fn sign(&self, params: &CertificateParams) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer()).unwrap().pem(), key.serialize_pem())
    }

    fn issuer(&self) -> Issuer<'static, KeyPair> {
        Issuer::from_ca_cert_pem(&self.pem, KeyPair::from_pem(&self.key_pem).unwrap()).unwrap()
    }
}

fn params(purpose: ExtendedKeyUsagePurpose, names: &[String]) -> CertificateParams {
    let mut params = CertificateParams::new(names).unwrap();
    params.extended_key_usages = vec![purpose];
    params
}

/// What a machine's engine is started with.
pub(super) fn write(directory: &Path, host: HostId, ip: IpAddr) {
    let authority = Authority::new();
    let (certificate, key) = authority.server(host, ip);
    for (name, contents) in
        [("ca.pem", &authority.pem), ("ca-key.pem", &authority.key_pem), ("cert.pem", &certificate), ("key.pem", &key)]
    {
        fs::write(directory.join(name), contents).unwrap();
    }
}
